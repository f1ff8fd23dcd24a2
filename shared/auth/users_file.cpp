#include "shared/auth/users_file.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "shared/auth/passcode.h"
#include "shared/base/ids.h"

namespace stampede::auth {
namespace {

constexpr std::size_t kMaxProblemsShown = 10;

Error bad(std::string text) { return {Errc::kInvalidArgument, std::move(text)}; }

struct Line {
  std::string name;
  User user;
};

Result<Line> parse_line(std::string_view text, const std::shared_ptr<const Rights>& defaults) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return bad("a line is name:hash or name:hash:rights");
  const auto name = parse_user_id(text.substr(0, colon));
  if (!name) return bad("the name: " + name.error().detail);
  text.remove_prefix(colon + 1);
  const std::size_t end = text.find(':');
  Line line{name->str(), {std::string(text.substr(0, end)), defaults}};
  if (auto checked = check_hash(line.user.hash); !checked) return checked.error();
  if (end == std::string_view::npos) return line;
  auto rights = parse_rights(text.substr(end + 1));
  if (!rights) return bad("the rights: " + rights.error().detail);
  line.user.rights = std::make_shared<const Rights>(*std::move(rights));
  return line;
}

/// Problems, each with its place; the first few are shown.
class Problems {
 public:
  explicit Problems(const std::string& file) : file_(file) {}

  void add(std::size_t line, const std::string& what) {
    if (++count_ > kMaxProblemsShown) return;
    text_ += (text_.empty() ? "" : "; ") + file_ + ":" + std::to_string(line) + ": " + what;
  }
  [[nodiscard]] bool none() const { return count_ == 0; }
  [[nodiscard]] Error error() const {
    const std::size_t hidden = count_ - std::min(count_, kMaxProblemsShown);
    return bad(text_ + (hidden == 0 ? "" : "; and " + std::to_string(hidden) + " more"));
  }

 private:
  const std::string& file_;
  std::size_t count_ = 0;
  std::string text_;
};

}  // namespace

Result<Users> Users::parse(std::string_view text, const std::string& file,
                           const std::shared_ptr<const Rights>& default_rights) {
  Users users;
  Problems problems(file);
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view raw = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (raw.ends_with('\r')) raw.remove_suffix(1);
    if (raw.find_first_not_of(" \t") == std::string_view::npos || raw.starts_with('#')) continue;
    auto line = parse_line(raw, default_rights);
    if (!line) {
      problems.add(number, line.error().detail);
    } else if (!users.users_.emplace(line->name, std::move(line->user)).second) {
      problems.add(number, "there is a line for this name already");
    }
  }
  if (!problems.none()) return problems.error();
  for (const auto& [name, user] : users.users_) users.all_.push_back(&user);
  return users;
}

const User* Users::find(std::string_view name) const {
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : &found->second;
}

const User* Users::decoy(std::string_view name) const {
  if (all_.empty()) return nullptr;
  return all_[std::hash<std::string_view>{}(name) % all_.size()];
}

}  // namespace stampede::auth
