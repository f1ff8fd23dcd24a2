#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "shared/auth/auth_options.h"
#include "shared/auth/principal.h"
#include "shared/base/clock.h"
#include "shared/base/error.h"
#include "shared/base/executor.h"
#include "shared/base/metrics.h"

namespace stampede::auth {

/// What a client has shown, as it was sent.
struct Credentials {
  std::string login;
  std::string passcode;       ///< of the users file, or a token
  std::string authorization;  ///< value of that header: "Bearer <token>" or "Basic <base64>"
  std::string peer_address;   ///< without the port; whom failures are counted against
};

/// Decides who a client is and what it may do: by the users file (argon2id) and by tokens (JWT).
/// With neither configured everybody is who they say, with the default rights.
///
/// Any thread; replies are posted, never run inside a call. It has threads of its own: one for
/// tokens and for looking at the files once a second, and some for passcodes, which wait in a
/// bounded queue that addresses take turns in, so that a flood of logins slows only logins. A file
/// that has become unusable changes nothing: its last content stays in force, the error is logged
/// and counted. A refusal is held back for a while that doubles for an address that goes on
/// failing.
class Authenticator {
 public:
  /// Reads the files; the error says which file, which line and what is allowed. `clock` and
  /// `metrics` outlive it. Destroying it answers what is open with kCancelled; executors that
  /// replies or `on_change` were given outlive it.
  static Result<std::unique_ptr<Authenticator>> make(const AuthOptions& options, const Clock& clock,
                                                     Metrics& metrics);
  ~Authenticator();
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;

  /// kDenied: wrong; the text may be shown to the client and does not say whether a user exists.
  /// kInvalidArgument: cannot be understood at all. kOverloaded: too many logins wait. kCancelled.
  void authenticate(Credentials credentials, Reply<Result<Principal>> reply);

  /// What a principal may do now, as the files say today. kDenied with the reason when the user or
  /// the key is gone, or the passcode is another one. Does not look at the expiry of tokens.
  [[nodiscard]] Result<Principal> review(const Principal& principal) const;

  /// `changed` is posted on `on` whenever users or keys have changed: then `review` what is live.
  void on_change(Executor& on, std::function<void()> changed);

  /// Whether the value of an `Authorization` header is the administrator's key as a bearer token.
  /// kDenied: it is not, or no key is configured, which the text says.
  [[nodiscard]] Result<void> authorize_admin(std::string_view authorization) const;
  /// The same value, for asking other programs of the cluster; empty without a key.
  [[nodiscard]] std::string admin_authorization() const;

 private:
  struct Impl;
  explicit Authenticator(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace stampede::auth
