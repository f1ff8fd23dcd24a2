// The authenticator with its real threads and files. Waits on conditions; what is tested by time in
// here only has a lower bound.
#include "shared/auth/authenticator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "shared/auth/passcode.h"
#include "shared/runtime/loop.h"
#include "tests/support/signing_key.h"
#include "tests/support/temporary_directory.h"

namespace stampede::auth {
namespace {

using test::cheap_hash;
using test::SigningKey;
using ::testing::HasSubstr;
using Source = Principal::Source;

constexpr std::chrono::seconds kPatience{60};

class AuthenticatorTest : public testing::Test {
 protected:
  AuthenticatorTest() {
    asker_.start();
    options_.login_delay = Milliseconds(0);
  }
  ~AuthenticatorTest() override { asker_.stop(); }

  std::unique_ptr<Authenticator> make() {
    auto made = Authenticator::make(options_, system_clock(), metrics_);
    EXPECT_TRUE(made) << made.error().detail;
    return made ? *std::move(made) : nullptr;
  }
  std::future<Result<Principal>> ask(Authenticator& at, Credentials credentials) {
    auto promise = std::make_shared<std::promise<Result<Principal>>>();
    at.authenticate(std::move(credentials), {asker_, [this, promise](Result<Principal> result) {
                                               EXPECT_TRUE(asker_.is_current());
                                               promise->set_value(std::move(result));
                                             }});
    return promise->get_future();
  }
  static Result<Principal> answer(std::future<Result<Principal>> asked) {
    if (asked.wait_for(kPatience) != std::future_status::ready) {
      return Error(Errc::kTimeout, "no answer within the test's patience");
    }
    return asked.get();
  }
  Result<Principal> login(Authenticator& at, Credentials credentials) {
    return answer(ask(at, std::move(credentials)));
  }
  static Credentials bearer(const std::string& token) { return {"", "", "Bearer " + token, "::1"}; }

  void use_users(const std::string& text) { options_.users_file = directory_.write("users", text); }
  void use_keys(const std::string& text) { options_.jwt_keys = directory_.write("keys", text); }
  std::string claims(const std::string& more = {}) {
    const auto now = std::chrono::duration_cast<Seconds>(system_clock().wall()).count();
    return R"({"sub":"ann","jti":"t-1","iat":)" + std::to_string(now) + R"(,"exp":)" +
           std::to_string(now + 3600) + more + "}";
  }
  double logins(const std::string& method, const std::string& outcome) {
    return metrics_
        .counter("stampede_auth_logins_total", "", {{"method", method}, {"outcome", outcome}})
        .value();
  }

  test::TemporaryDirectory directory_;
  Metrics metrics_;
  AuthOptions options_;
  Loop asker_{"asker"};
  const std::string hash_ = cheap_hash("secret");
};

/// Counts what is posted to it, for a test that waits.
class Changes {
 public:
  void add() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  bool wait_for(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

TEST_F(AuthenticatorTest, WithoutFilesEverybodyIsWhoTheySay) {
  options_.default_rights = *parse_rights("lobby=read");
  const auto authenticator = make();
  const auto ann = login(*authenticator, {"ann", "anything", "", ""});
  ASSERT_TRUE(ann) << ann.error().detail;
  EXPECT_EQ(ann->user, UserId("ann"));
  EXPECT_EQ(ann->source, Source::kAnonymous);
  EXPECT_EQ(ann->rights->str(), "lobby=read");
  EXPECT_TRUE(authenticator->review(*ann));
  EXPECT_THAT(login(*authenticator, {})->user.str(), testing::StartsWith("guest-"));
  EXPECT_TRUE(login(*authenticator, {"ann", "", "Bearer whatever", ""}));
  const auto odd = login(*authenticator, {"a\nb", "", "", ""});
  ASSERT_FALSE(odd);
  EXPECT_TRUE(odd.error().is(Errc::kInvalidArgument));
  EXPECT_EQ(logins("anonymous", "accepted"), 3);
  EXPECT_EQ(logins("anonymous", "invalid"), 1);
}

TEST_F(AuthenticatorTest, APasscodeIsHeldAgainstTheUsersFile) {
  use_users("ann:" + hash_ + ":lobby=read\n");
  const auto authenticator = make();
  const auto ann = login(*authenticator, {"ann", "secret", "", ""});
  ASSERT_TRUE(ann) << ann.error().detail;
  EXPECT_EQ(ann->user, UserId("ann"));
  EXPECT_EQ(ann->source, Source::kUsersFile);
  EXPECT_EQ(ann->rights->str(), "lobby=read");
  EXPECT_TRUE(ann->issued_at);
  EXPECT_FALSE(ann->expires_at);
  EXPECT_TRUE(login(*authenticator, {"ann", "secret", "", ""})) << "the second time, too";
  EXPECT_TRUE(login(*authenticator, {"", "", "Basic YW5uOnNlY3JldA==", ""}));
  EXPECT_EQ(logins("passcode", "accepted"), 3);
}

TEST_F(AuthenticatorTest, ARefusalDoesNotTellWhichOfTheTwoWasWrong) {
  use_users("ann:" + hash_ + "\n");
  const auto authenticator = make();
  const Error wrong = login(*authenticator, {"ann", "wrong", "", ""}).error();
  EXPECT_TRUE(wrong.is(Errc::kDenied));
  EXPECT_EQ(wrong.detail, "the user name or the passcode is wrong");
  EXPECT_EQ(login(*authenticator, {"eve", "secret", "", ""}).error(), wrong)
      << "even with the passcode of the stand-in";
  EXPECT_EQ(login(*authenticator, {"", "secret", "", ""}).error(), wrong);
  EXPECT_EQ(login(*authenticator, {"ann", std::string(5000, 'x'), "", ""}).error(), wrong);
  EXPECT_EQ(logins("passcode", "denied"), 4);
}

TEST_F(AuthenticatorTest, UnknownUsersCostAsManyHashesAsKnownOnes) {
  use_users("ann:" + hash_ + "\n");
  auto authenticator = make();
  login(*authenticator, {"ann", "wrong", "", ""});
  login(*authenticator, {"eve", "wrong", "", ""});
  authenticator.reset();  // ends the threads, which measure after they have answered
  EXPECT_THAT(metrics_.expose(), HasSubstr("stampede_auth_passcode_seconds_count 2\n"));
}

TEST_F(AuthenticatorTest, ATokenIsVerifiedAndRead) {
  const SigningKey signer = SigningKey::ec();
  use_keys(signer.public_pem());
  options_.jwt_audience = "chat";
  const auto authenticator = make();
  const std::string good =
      signer.token(claims(R"(,"aud":"chat","rooms":[{"match":"*","can":["read"]}])"));
  const auto ann = login(*authenticator, bearer(good));
  ASSERT_TRUE(ann) << ann.error().detail;
  EXPECT_EQ(ann->user, UserId("ann"));
  EXPECT_EQ(ann->token_id, "t-1");
  EXPECT_EQ(ann->source, Source::kToken);
  EXPECT_EQ(ann->rights->str(), "*=read");
  EXPECT_TRUE(login(*authenticator, {"whatever", good, "", ""})) << "as a passcode";
  EXPECT_TRUE(authenticator->review(*ann));
  const auto other = login(*authenticator, bearer(signer.token(claims())));
  EXPECT_THAT(other.error().detail, HasSubstr("aud is missing"));
  const auto damaged = login(*authenticator, bearer("a.b"));
  EXPECT_TRUE(damaged.error().is(Errc::kInvalidArgument));
  EXPECT_EQ(logins("token", "accepted"), 2);
  EXPECT_EQ(logins("token", "denied"), 1);
  EXPECT_EQ(logins("token", "invalid"), 1);
}

TEST_F(AuthenticatorTest, SaysWhatIsTakenHere) {
  use_users("ann:" + hash_ + "\n");
  EXPECT_THAT(login(*make(), {}).error().detail,
              HasSubstr("a user name and a passcode are needed"));
  EXPECT_THAT(login(*make(), bearer("a.b.c")).error().detail,
              HasSubstr("tokens are not taken here"));
  use_keys(SigningKey::ec().public_pem());
  EXPECT_THAT(login(*make(), {"ann", "", "", ""}).error().detail, HasSubstr("or a token"));
  options_.users_file.clear();
  EXPECT_THAT(login(*make(), {}).error().detail, HasSubstr("a token is needed"));
  const auto passcode = login(*make(), {"ann", "secret", "", ""});
  EXPECT_TRUE(passcode.error().is(Errc::kDenied));
  EXPECT_THAT(passcode.error().detail, HasSubstr("passcodes are not taken here"));
}

TEST_F(AuthenticatorTest, ARefusalIsHeldBackLongerEachTimeAndNobodyElseWaits) {
  use_users("ann:" + hash_ + "\n");
  options_.login_delay = Milliseconds(150);
  const auto authenticator = make();
  const auto started = std::chrono::steady_clock::now();
  const auto waited = [&] { return std::chrono::steady_clock::now() - started; };
  EXPECT_FALSE(login(*authenticator, {"ann", "wrong", "", "192.0.2.1"}));
  EXPECT_GE(waited(), Milliseconds(150));
  auto second = ask(*authenticator, {"ann", "wrong", "", "192.0.2.1"});
  EXPECT_TRUE(login(*authenticator, {"ann", "secret", "", "192.0.2.1"}));
  EXPECT_FALSE(answer(std::move(second)));
  EXPECT_GE(waited(), Milliseconds(450));
}

TEST_F(AuthenticatorTest, AFloodOfLoginsIsRefusedAndTokensGoOn) {
  const SigningKey signer = SigningKey::ec();
  use_users("ann:" + *hash_passcode("secret") + "\n");
  use_keys(signer.public_pem());
  options_.login_queue = 4;
  const auto authenticator = make();
  std::vector<std::future<Result<Principal>>> flood;
  for (int i = 0; i < 50; ++i) {
    flood.push_back(ask(*authenticator, {"ann", "guess " + std::to_string(i), "", "192.0.2.9"}));
  }
  EXPECT_TRUE(login(*authenticator, bearer(signer.token(claims()))));
  EXPECT_TRUE(login(*authenticator, {"ann", "secret", "", "192.0.2.10"}))
      << "another address has its turn";
  int overloaded = 0;
  for (auto& one : flood) {
    const auto result = answer(std::move(one));
    ASSERT_FALSE(result);
    if (result.error().is(Errc::kOverloaded)) ++overloaded;
  }
  EXPECT_GT(overloaded, 0);
  EXPECT_EQ(logins("passcode", "overloaded"), overloaded);
}

TEST_F(AuthenticatorTest, ChangedUsersAreReviewed) {
  use_users("ann:" + hash_ + ":lobby=read\nbob:" + hash_ + "\neve:" + hash_ + "\n");
  const auto authenticator = make();
  Changes changes;
  authenticator->on_change(asker_, [&] { changes.add(); });
  const Principal ann = *login(*authenticator, {"ann", "secret", "", ""});
  const Principal bob = *login(*authenticator, {"bob", "secret", "", ""});
  const Principal eve = *login(*authenticator, {"eve", "secret", "", ""});
  EXPECT_EQ(authenticator->review(ann)->rights->str(), "lobby=read");
  use_users("ann:" + hash_ + ":lobby=read,send\nbob:" + cheap_hash("new") + "\n");
  ASSERT_TRUE(changes.wait_for(1));
  EXPECT_EQ(authenticator->review(ann)->rights->str(), "lobby=read,send");
  EXPECT_THAT(authenticator->review(bob).error().detail, HasSubstr("passcode has been changed"));
  EXPECT_THAT(authenticator->review(eve).error().detail, HasSubstr("not in the users file"));
  EXPECT_FALSE(login(*authenticator, {"bob", "secret", "", ""})) << "verified, but not this hash";
  EXPECT_TRUE(login(*authenticator, {"bob", "new", "", ""}));
}

TEST_F(AuthenticatorTest, RotatedKeysAreReviewed) {
  const SigningKey first = SigningKey::ec();
  const SigningKey second = SigningKey::ec();
  use_keys(test::jwks({first.jwk(R"("kid":"1")")}));
  const auto authenticator = make();
  Changes changes;
  authenticator->on_change(asker_, [&] { changes.add(); });
  const Principal ann = *login(*authenticator, bearer(first.token(claims(), "1")));
  use_keys(test::jwks({second.jwk(R"("kid":"2")")}));
  ASSERT_TRUE(changes.wait_for(1));
  EXPECT_THAT(authenticator->review(ann).error().detail, HasSubstr("not trusted any more"));
  EXPECT_FALSE(login(*authenticator, bearer(first.token(claims(), "1"))));
  EXPECT_TRUE(login(*authenticator, bearer(second.token(claims(), "2"))));
}

TEST_F(AuthenticatorTest, DoesNotStartWithAFileThatCannotBeUsed) {
  use_users("ann:plaintext\n");
  const auto made = Authenticator::make(options_, system_clock(), metrics_);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().detail, HasSubstr(options_.users_file + ":1: the hash is not argon2id"));
}

TEST_F(AuthenticatorTest, TheAdministratorHasAKey) {
  EXPECT_THAT(make()->authorize_admin("Bearer x").error().detail, HasSubstr("--admin-key-file"));
  EXPECT_EQ(make()->admin_authorization(), "");
  const std::string key(32, 'k');
  options_.admin_key_file = directory_.write("admin", key + "\n");
  const auto authenticator = make();
  EXPECT_TRUE(authenticator->authorize_admin("Bearer " + key));
  EXPECT_TRUE(authenticator->authorize_admin(authenticator->admin_authorization()));
  for (const std::string& other : {std::string(), std::string("Bearer"), "Bearer " + key + "k", key,
                                   "Basic " + key, "Bearer " + key.substr(1)}) {
    const auto admitted = authenticator->authorize_admin(other);
    ASSERT_FALSE(admitted) << other;
    EXPECT_TRUE(admitted.error().is(Errc::kDenied));
  }
}

// At every stage: not looked at yet, waiting for a thread, being checked, held back.
TEST_F(AuthenticatorTest, WhatIsOpenWhenItGoesIsCancelled) {
  use_users("ann:" + *hash_passcode("secret") + "\n");
  options_.login_delay = Milliseconds(60'000);
  options_.login_delay_max = Milliseconds(60'000);
  for (const bool one_was_refused : {false, true}) {
    const double before = logins("passcode", "denied");
    auto authenticator = make();
    std::vector<std::future<Result<Principal>>> open;
    for (int i = 0; i < 6; ++i) open.push_back(ask(*authenticator, {"ann", "wrong", "", "::1"}));
    while (one_was_refused && logins("passcode", "denied") == before) std::this_thread::yield();
    for (int i = 0; i < 100; ++i) open.push_back(ask(*authenticator, {"ann", "wrong", "", "::1"}));
    authenticator.reset();
    for (auto& one : open) {
      const auto result = answer(std::move(one));
      ASSERT_FALSE(result);
      EXPECT_TRUE(result.error().is(Errc::kCancelled)) << result.error().detail;
    }
  }
}

TEST_F(AuthenticatorTest, ManyThreadsMayAskAtOnce) {
  const SigningKey signer = SigningKey::ec();
  use_users("ann:" + hash_ + "\n");
  use_keys(signer.public_pem());
  options_.login_threads = 2;
  const auto authenticator = make();
  std::atomic<int> accepted = 0;
  std::vector<std::thread> askers;
  for (int i = 0; i < 4; ++i) {
    askers.emplace_back([&, i] {
      for (int round = 0; round < 10; ++round) {
        const auto by_token = login(*authenticator, bearer(signer.token(claims())));
        const auto by_passcode =
            login(*authenticator, {"ann", "secret", "", "192.0.2." + std::to_string(i)});
        if (by_token && authenticator->review(*by_token)) ++accepted;
        if (by_passcode && authenticator->review(*by_passcode)) ++accepted;
      }
    });
  }
  for (std::thread& asker : askers) asker.join();
  EXPECT_EQ(accepted, 80);
}

}  // namespace
}  // namespace stampede::auth
