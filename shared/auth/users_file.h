#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shared/auth/rights.h"
#include "shared/base/error.h"

namespace stampede::auth {

struct User {
  std::string hash;  ///< argon2id, see passcode.h
  std::shared_ptr<const Rights> rights;
};

/// Who may log in with a passcode. Immutable; any thread.
class Users {
 public:
  Users() = default;
  Users(Users&&) = default;
  Users& operator=(Users&&) = default;

  /// One user a line, `name:hash` or `name:hash:rights`; lines that are empty or begin with `#` say
  /// nothing. A name has no colon, for HTTP's Basic scheme has none either. Who has no rights of
  /// their own gets `default_rights`. kInvalidArgument lists what is wrong, line by line, each
  /// beginning with `file` and the line's number.
  static Result<Users> parse(std::string_view text, const std::string& file,
                             const std::shared_ptr<const Rights>& default_rights);

  /// Null when there is no such user.
  [[nodiscard]] const User* find(std::string_view name) const;
  /// Somebody whose hash is checked in place of that of `name`, who does not exist, so that it
  /// takes as long; the same one each time. Null when there are no users.
  [[nodiscard]] const User* decoy(std::string_view name) const;
  [[nodiscard]] std::size_t size() const noexcept { return users_.size(); }

 private:
  std::map<std::string, User, std::less<>> users_;
  std::vector<const User*> all_;  ///< into users_, whose nodes stay where they are
};

}  // namespace stampede::auth
