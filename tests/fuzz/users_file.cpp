// Input: a users file, in the notation of streams.
//
// Promises: in what is accepted every line that says something has its user, with a hash that can
// be checked at a bearable cost and rights that can be read as they are written; whatever is wrong
// is said, line by line, in text for a log that holds no hash.
#include "shared/auth/users_file.h"

#include <memory>
#include <string>

#include "shared/auth/passcode.h"
#include "shared/base/utf8.h"
#include "tests/fuzz/finding.h"
#include "tests/fuzz/notation.h"
#include "tests/fuzz/targets.h"

namespace stampede::fuzz {
namespace {

void check_error(const Error& error) {
  require(error.is(Errc::kInvalidArgument), "the error is kInvalidArgument");
  require(is_utf8(error.detail), "the error's text is UTF-8", error.detail);
  require(error.detail.starts_with("users:"), "the error says where", error.detail);
  require(error.detail.size() < 4096, "the error's text is bounded");
}

void check_user(const auth::Users& users, std::string_view line) {
  const std::string name(line.substr(0, line.find(':')));
  const auth::User* const user = users.find(name);
  require(user != nullptr, "a line that was accepted has its user", name);
  require(auth::check_hash(user->hash).has_value(), "the hash can be checked", user->hash);
  require(auth::parse_rights(user->rights->str()).has_value(),
          "rights can be read as they are written", user->rights->str());
  require(users.decoy(name) != nullptr, "there is a stand-in when there is a user");
}

}  // namespace

void users_file(std::string_view input) {
  const std::string text = parse_stream(input).whole();
  static const auto defaults = std::make_shared<const auth::Rights>(auth::Rights::everything());
  const auto users = auth::Users::parse(text, "users", defaults);
  if (!users) return check_error(users.error());
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos || line.starts_with('#'))
      continue;
    check_user(*users, line);
  }
}

}  // namespace stampede::fuzz
