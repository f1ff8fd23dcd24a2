#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "shared/auth/admission.h"

namespace stampede::test {

/// An authenticator that a test plays by hand: it decides who may come in, when that is answered,
/// and who may stay. By default everybody is who they say, at once, and may do everything. One
/// thread.
class FakeAuth {
 public:
  struct Question {
    auth::Credentials credentials;
    Reply<Result<auth::Principal>> reply;
  };

  static auth::Principal principal(const std::string& user,
                                   const std::string& rights = "*=read,send,presence,direct") {
    auth::Principal principal;
    principal.user = UserId(user);
    principal.rights = std::make_shared<const auth::Rights>(auth::parse_rights(rights).value());
    return principal;
  }
  static Result<auth::Principal> anybody(const auth::Credentials& credentials) {
    if (credentials.login.empty()) return principal("guest-" + random_hex(4));
    const auto user = parse_user_id(credentials.login);
    if (!user) return Error(user.error().code, "login: " + user.error().detail);
    return principal(user->str());
  }
  static Result<auth::Principal> unchanged(const auth::Principal& principal) { return principal; }

  [[nodiscard]] auth::Admission::Ports ports() {
    return {[this](auth::Credentials credentials, Reply<Result<auth::Principal>> reply) {
              asked.push_back(credentials);
              open.push_back({std::move(credentials), std::move(reply)});
              if (answer_at_once) answer_all();
            },
            [this](const auth::Principal& one) { return review(one); },
            [this](std::string_view authorization) -> Result<void> {
              if (authorization == admin) return {};
              return Error(Errc::kDenied, "this is not the administrator's key");
            }};
  }

  void answer_all() {
    for (const Question& one : std::exchange(open, {})) one.reply(decide(one.credentials));
  }

  bool answer_at_once = true;
  std::function<Result<auth::Principal>(const auth::Credentials&)> decide = &FakeAuth::anybody;
  std::function<Result<auth::Principal>(const auth::Principal&)> review = &FakeAuth::unchanged;
  std::string admin = "Bearer admin-key";
  std::vector<auth::Credentials> asked;
  std::vector<Question> open;  ///< not answered yet
};

}  // namespace stampede::test
