// Everything is decided on a loop of its own, so there is one thread that knows the failures, the
// logins that were verified and the files. Passcodes leave it for the login threads and come back.
#include "shared/auth/authenticator.h"

#include <mutex>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "shared/auth/claims.h"
#include "shared/auth/credential_files.h"
#include "shared/auth/crypto.h"
#include "shared/auth/login_meters.h"
#include "shared/auth/login_threads.h"
#include "shared/auth/passcode.h"
#include "shared/auth/presented.h"
#include "shared/auth/refusal_delay.h"
#include "shared/auth/verified_logins.h"
#include "shared/base/log.h"
#include "shared/runtime/loop.h"
#include "shared/runtime/ticker.h"

namespace stampede::auth {
namespace {

constexpr Milliseconds kLookAtFiles{1'000};
/// Who asked has given up by then: checking the passcode would only keep others waiting.
constexpr Seconds kMaxWait{15};

Error denied(std::string text) { return {Errc::kDenied, std::move(text)}; }
Error overloaded() {
  return {Errc::kOverloaded, "too many logins wait to be checked; try again later"};
}
/// Says nothing about which of the two it was.
Error wrong_passcode() { return denied("the user name or the passcode is wrong"); }

ClaimRules claim_rules(const AuthOptions& options) {
  return {options.jwt_issuer, options.jwt_audience, options.jwt_leeway,
          std::make_shared<const Rights>(options.default_rights)};
}

}  // namespace

struct Authenticator::Impl {
 public:
  Impl(const AuthOptions& options, const Clock& clock, Metrics& metrics)
      : options_(options),
        clock_(clock),
        claim_rules_(claim_rules(options)),
        meters_(metrics),
        files_(options, metrics),
        delay_(options.login_delay, options.login_delay_max) {
    threads_.emplace(options.login_threads, options.login_queue, metrics);
  }
  /// The loop first: what it still does may hand passcodes to the threads. What the threads then
  /// post is dropped with it, and answered so.
  ~Impl() {
    loop_.stop();
    threads_.reset();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> start() {
    const auto read = files_.refresh();
    if (!read.problems.empty()) return read.problems.front();
    ticker_.emplace(loop_, kLookAtFiles, [this] { look_at_files(); });
    loop_.start();
    return {};
  }

  void authenticate(Credentials credentials, Reply<Result<Principal>> reply) {
    auto open = std::make_shared<OpenLogin>(credentials.peer_address, std::move(reply));
    loop_.post([this, credentials = std::move(credentials), open = std::move(open)] {
      decide(credentials, open);
    });
  }

  void on_change(Executor& on, std::function<void()> changed) {
    const std::lock_guard lock(mutex_);
    watchers_.emplace_back(&on, std::move(changed));
  }

  [[nodiscard]] Known known() const { return files_.known(); }

 private:
  // The loop's thread only.
  void decide(const Credentials& credentials, const OpenLoginRef& open);
  void admit_anonymous(const std::string& login, const OpenLoginRef& open);
  void check_token(const std::string& compact, const OpenLoginRef& open);
  void check_passcode(const PresentedPasscode& shown, const OpenLoginRef& open);
  void queue_passcode(const PresentedPasscode& shown, const std::string& hash,
                      const OpenLoginRef& open);
  void passcode_checked(const PresentedPasscode& shown, const std::string& hash, bool fits,
                        const OpenLoginRef& open);
  [[nodiscard]] Result<Principal> token_principal(const std::string& compact) const;
  [[nodiscard]] Principal user_principal(const std::string& name, const User& user) const;
  void finish(const OpenLoginRef& open, const Result<Principal>& result);
  void look_at_files();

  const AuthOptions options_;
  const Clock& clock_;
  const ClaimRules claim_rules_;
  const LoginMeters meters_;
  CredentialFiles files_;

  std::mutex mutex_;
  std::vector<std::pair<Executor*, std::function<void()>>> watchers_;  ///< guarded by mutex_

  RefusalDelay delay_;
  VerifiedLogins verified_;
  LogLimiter refusal_log_{Seconds(10)};
  Loop loop_{"auth"};
  std::optional<Ticker> ticker_;
  std::optional<LoginThreads> threads_;
};

void Authenticator::Impl::decide(const Credentials& credentials, const OpenLoginRef& open) {
  if (!options_.enabled()) return admit_anonymous(credentials.login, open);
  const Known known = files_.known();
  open->set_method(known.users == nullptr ? Method::kToken : Method::kPasscode);
  const auto presented = read_credentials(credentials, known.keys != nullptr);
  if (!presented) return finish(open, presented.error());
  if (const auto* const token = std::get_if<PresentedToken>(&*presented)) {
    return check_token(token->compact, open);
  }
  if (const auto* const shown = std::get_if<PresentedPasscode>(&*presented)) {
    return check_passcode(*shown, open);
  }
  // Nothing was tried, so there is nothing to hold back.
  const Error nothing =
      denied(known.users == nullptr  ? "a token is needed"
             : known.keys == nullptr ? "a user name and a passcode are needed"
                                     : "a user name and a passcode, or a token, are needed");
  meters_.count(open->method(), nothing);
  open->answer(nothing);
}

void Authenticator::Impl::admit_anonymous(const std::string& login, const OpenLoginRef& open) {
  auto user =
      login.empty() ? Result<UserId>(UserId("guest-" + random_hex(4))) : parse_user_id(login);
  if (!user) return finish(open, Error(user.error().code, "login: " + user.error().detail));
  Principal principal;
  principal.user = *std::move(user);
  principal.rights = claim_rules_.default_rights;
  principal.issued_at = clock_.wall();
  finish(open, principal);
}

Result<Principal> Authenticator::Impl::token_principal(const std::string& compact) const {
  const auto keys = files_.known().keys;
  if (keys == nullptr) return denied("tokens are not taken here; a user name and a passcode are");
  const auto token = SignedToken::parse(compact);
  if (!token) return token.error();
  const auto key = keys->choose(*token);
  if (!key) return key.error();
  const auto claims = token->verify(*key);
  if (!claims) return claims.error();
  auto principal = read_claims(*claims, claim_rules_, clock_.wall());
  if (principal) principal->proof = key->fingerprint();
  return principal;
}

void Authenticator::Impl::check_token(const std::string& compact, const OpenLoginRef& open) {
  open->set_method(Method::kToken);
  finish(open, token_principal(compact));
}

void Authenticator::Impl::check_passcode(const PresentedPasscode& shown, const OpenLoginRef& open) {
  open->set_method(Method::kPasscode);
  const auto users = files_.known().users;
  if (users == nullptr) return finish(open, denied("passcodes are not taken here; a token is"));
  if (shown.passcode.size() > kMaxPasscodeBytes) return finish(open, wrong_passcode());
  const User* user = users->find(shown.login);
  if (user != nullptr && verified_.has(user->hash, shown.passcode, clock_.now())) {
    return finish(open, user_principal(shown.login, *user));
  }
  if (user == nullptr) user = users->decoy(shown.login);
  if (user == nullptr) return finish(open, wrong_passcode());
  queue_passcode(shown, user->hash, open);
}

void Authenticator::Impl::queue_passcode(const PresentedPasscode& shown, const std::string& hash,
                                         const OpenLoginRef& open) {
  WaitingLogin login;
  login.address = open->address();
  login.refuse = [this, open] { loop_.post([this, open] { finish(open, overloaded()); }); };
  login.check = [this, shown, hash, open, asked = clock_.now(), refuse = login.refuse] {
    if (clock_.now() - asked > kMaxWait) return refuse();
    const bool fits = passcode_fits(hash, shown.passcode);
    loop_.post([this, shown, hash, fits, open] { passcode_checked(shown, hash, fits, open); });
  };
  threads_->submit(std::move(login));
}

/// The file may have changed while the passcode was checked, and the hash may have been a decoy.
void Authenticator::Impl::passcode_checked(const PresentedPasscode& shown, const std::string& hash,
                                           bool fits, const OpenLoginRef& open) {
  const auto users = files_.known().users;
  const User* const user = users->find(shown.login);
  if (!fits || user == nullptr || user->hash != hash) return finish(open, wrong_passcode());
  verified_.add(hash, shown.passcode, clock_.now());
  finish(open, user_principal(shown.login, *user));
}

Principal Authenticator::Impl::user_principal(const std::string& name, const User& user) const {
  Principal principal;
  principal.user = UserId(name);
  principal.rights = user.rights;
  principal.issued_at = clock_.wall();
  principal.source = Principal::Source::kUsersFile;
  principal.proof = fingerprint(user.hash);
  return principal;
}

void Authenticator::Impl::finish(const OpenLoginRef& open, const Result<Principal>& result) {
  meters_.count(open->method(), result);
  if (result || !result.error().is(Errc::kDenied)) return open->answer(result);
  const auto held_back = refusal_log_.admit(clock_.now());
  if (held_back >= 0) {
    log_warn("login refused", {{"address", open->address()},
                               {"reason", result.error().detail},
                               {"held_back", held_back}});
  }
  const Milliseconds delay = delay_.next(open->address(), clock_.now());
  loop_.post_after(delay, [open, result] { open->answer(result); });
}

void Authenticator::Impl::look_at_files() {
  const auto refreshed = files_.refresh();
  for (const Error& problem : refreshed.problems) {
    log_error("credentials cannot be used, the last ones stay in force",
              {{"reason", problem.detail}});
  }
  if (!refreshed.changed) return;
  const std::lock_guard lock(mutex_);
  for (const auto& [on, changed] : watchers_) on->post(changed);
}

Authenticator::Authenticator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Authenticator::~Authenticator() = default;

Result<std::unique_ptr<Authenticator>> Authenticator::make(const AuthOptions& options,
                                                           const Clock& clock, Metrics& metrics) {
  start_crypto();
  auto impl = std::make_unique<Impl>(options, clock, metrics);
  if (auto started = impl->start(); !started) return started.error();
  return std::unique_ptr<Authenticator>(new Authenticator(std::move(impl)));
}

void Authenticator::authenticate(Credentials credentials, Reply<Result<Principal>> reply) {
  impl_->authenticate(std::move(credentials), std::move(reply));
}

void Authenticator::on_change(Executor& on, std::function<void()> changed) {
  impl_->on_change(on, std::move(changed));
}

Result<Principal> Authenticator::review(const Principal& principal) const {
  if (principal.source == Principal::Source::kAnonymous) return principal;
  const Known known = impl_->known();
  if (principal.source == Principal::Source::kToken) {
    if (known.keys != nullptr && known.keys->has(principal.proof)) return principal;
    return denied("the key that the token was signed with is not trusted any more");
  }
  const User* const user =
      known.users != nullptr ? known.users->find(principal.user.str()) : nullptr;
  if (user == nullptr) return denied("this user is not in the users file any more");
  if (fingerprint(user->hash) != principal.proof) return denied("the passcode has been changed");
  Principal now = principal;
  now.rights = user->rights;
  return now;
}

Result<void> Authenticator::authorize_admin(std::string_view authorization) const {
  const auto key = impl_->known().admin_key;
  if (key == nullptr) return denied("no administrator's key is configured (--admin-key-file)");
  Credentials credentials;
  credentials.authorization = authorization;
  const auto presented = read_credentials(credentials, true);
  const auto* const bearer = presented ? std::get_if<PresentedToken>(&*presented) : nullptr;
  if (bearer == nullptr || !same_secret(bearer->compact, *key)) {
    return denied("the administrator's key is needed, as Authorization: Bearer <key>");
  }
  return {};
}

std::string Authenticator::admin_authorization() const {
  const auto key = impl_->known().admin_key;
  return key == nullptr ? std::string() : "Bearer " + *key;
}

}  // namespace stampede::auth
