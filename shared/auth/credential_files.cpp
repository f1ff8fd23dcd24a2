#include "shared/auth/credential_files.h"

#include <functional>
#include <utility>

#include "shared/base/log.h"

namespace stampede::auth {
namespace {

constexpr std::size_t kMinAdminKeyBytes = 32;

Result<std::shared_ptr<const std::string>> parse_admin_key(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  if (text.size() < kMinAdminKeyBytes || text.find_first_of(" \t\r\n") != std::string_view::npos) {
    return Error(Errc::kInvalidArgument,
                 "the key is one line of at least " + std::to_string(kMinAdminKeyBytes) +
                     " characters without blanks; make one with: openssl rand -hex 32");
  }
  return std::make_shared<const std::string>(text);
}

}  // namespace

/// One file and how its content becomes part of what is known.
class CredentialFiles::Source {
 public:
  /// Takes the text and the file's name, says what is wrong or how to take it over.
  using Parse = std::function<Result<std::function<void(Known&)>>(const std::string& text,
                                                                  const std::string& path)>;

  Source(const std::string& label, std::string path, Parse parse, Metrics& metrics)
      : file_(std::move(path)),
        parse_(std::move(parse)),
        loaded_(counter(metrics, label, "loaded")),
        failed_(counter(metrics, label, "failed")),
        usable_(metrics.gauge("stampede_auth_file_usable",
                              "1 when the file could be used when it was last read, 0 when an "
                              "older content is in force.",
                              {{"file", label}})) {
    usable_.set(1);
  }

  /// How to take the new content over; null: nothing new.
  Result<std::function<void(Known&)>> refresh() {
    if (file_.path().empty()) return std::function<void(Known&)>();
    auto text = file_.changed();
    if (!text) return std::function<void(Known&)>();
    auto taken = *text ? parse_(**text, file_.path()) : text->error();
    (taken ? loaded_ : failed_).add();
    usable_.set(taken ? 1 : 0);
    if (taken) log_info("credentials read", {{"file", file_.path()}});
    return taken;
  }

 private:
  static Counter counter(Metrics& metrics, const std::string& label, const char* outcome) {
    return metrics.counter("stampede_auth_reloads_total",
                           "Times that a file of users or keys was read.",
                           {{"file", label}, {"outcome", outcome}});
  }

  WatchedFile file_;
  const Parse parse_;
  const Counter loaded_;
  const Counter failed_;
  const Gauge usable_;
};

CredentialFiles::CredentialFiles(const AuthOptions& options, Metrics& metrics) {
  using Taken = Result<std::function<void(Known&)>>;
  const auto in_file = [](const std::string& path, const Error& error) {
    return Error(error.code, path + ": " + error.detail);
  };
  users_ = std::make_unique<Source>(
      "users", options.users_file,
      [defaults = std::make_shared<const Rights>(options.default_rights)](
          const std::string& text, const std::string& path) -> Taken {
        auto parsed = Users::parse(text, path, defaults);
        if (!parsed) return parsed.error();
        auto users = std::make_shared<const Users>(*std::move(parsed));
        return [users](Known& known) { known.users = users; };
      },
      metrics);
  keys_ = std::make_unique<Source>(
      "keys", options.jwt_keys,
      [in_file, pinned = options.jwt_algorithm](const std::string& text,
                                                const std::string& path) -> Taken {
        auto parsed = KeySet::parse(text, pinned);
        if (!parsed) return in_file(path, parsed.error());
        auto keys = std::make_shared<const KeySet>(*std::move(parsed));
        return [keys](Known& known) { known.keys = keys; };
      },
      metrics);
  admin_key_ = std::make_unique<Source>(
      "admin", options.admin_key_file,
      [in_file](const std::string& text, const std::string& path) -> Taken {
        auto key = parse_admin_key(text);
        if (!key) return in_file(path, key.error());
        return [key = *key](Known& known) { known.admin_key = key; };
      },
      metrics);
}

CredentialFiles::~CredentialFiles() = default;

CredentialFiles::Refreshed CredentialFiles::refresh() {
  Refreshed out;
  for (Source* const source : {users_.get(), keys_.get(), admin_key_.get()}) {
    const auto taken = source->refresh();
    if (!taken) {
      out.problems.push_back(taken.error());
    } else if (*taken) {
      const std::lock_guard lock(mutex_);
      (*taken)(known_);
      out.changed = true;
    }
  }
  return out;
}

Known CredentialFiles::known() const {
  const std::lock_guard lock(mutex_);
  return known_;
}

}  // namespace stampede::auth
