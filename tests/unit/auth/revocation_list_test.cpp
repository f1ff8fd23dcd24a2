#include "shared/auth/revocation_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace stampede::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RevocationListTest : public testing::Test {
 protected:
  std::int64_t now_ms() const { return clock_.wall().count() / 1000; }
  Revocation user(const std::string& name, std::int64_t at_ms) { return {UserId(name), {}, at_ms}; }
  static Principal token(const std::string& name, std::optional<Microseconds> issued,
                         const std::string& id = {}) {
    Principal principal;
    principal.user = UserId(name);
    principal.token_id = id;
    principal.issued_at = issued;
    principal.source = Principal::Source::kToken;
    return principal;
  }

  test::FakeClock clock_;
  RevocationList list_{Milliseconds(60'000), clock_};
};

TEST_F(RevocationListTest, RefusesATokenById) {
  EXPECT_TRUE(list_.check(token("ann", clock_.wall(), "t1")));
  list_.add({{{}, "t1", now_ms()}});
  const auto checked = list_.check(token("ann", clock_.wall() + Seconds(5), "t1"));
  ASSERT_FALSE(checked);
  EXPECT_TRUE(checked.error().is(Errc::kDenied));
  EXPECT_THAT(checked.error().detail, HasSubstr("token has been revoked"));
  EXPECT_TRUE(list_.check(token("ann", clock_.wall(), "t2")));
  EXPECT_TRUE(list_.check(token("ann", clock_.wall())));
}

TEST_F(RevocationListTest, RefusesWhatAUserHadUntilThen) {
  list_.add({user("ann", now_ms())});
  EXPECT_FALSE(list_.check(token("ann", clock_.wall() - Seconds(1))));
  EXPECT_FALSE(list_.check(token("ann", clock_.wall())));
  EXPECT_FALSE(list_.check(token("ann", std::nullopt)));
  EXPECT_TRUE(list_.check(token("ann", clock_.wall() + Seconds(1))));
  EXPECT_TRUE(list_.check(token("bob", std::nullopt)));
}

TEST_F(RevocationListTest, AUserAndATokenMayBeCalledTheSame) {
  list_.add({user("same", now_ms())});
  EXPECT_TRUE(list_.check(token("bob", clock_.wall(), "same")));
}

TEST_F(RevocationListTest, TellsWhatIsNewFromWhatWasHeardBefore) {
  const Revocation first = user("ann", now_ms());
  EXPECT_THAT(list_.add({first, first}), ElementsAre(first));
  EXPECT_THAT(list_.add({first}), IsEmpty());
  const Revocation later = user("ann", now_ms() + 10);
  EXPECT_THAT(list_.add({later, first}), ElementsAre(later));
  EXPECT_FALSE(list_.check(token("ann", clock_.wall() + Milliseconds(5))));
  EXPECT_EQ(list_.size(), 1U);
}

TEST_F(RevocationListTest, ForgetsWhatIsTooOld) {
  list_.add({user("ann", now_ms()), {{}, "t1", now_ms()}});
  clock_.advance(Seconds(61));
  list_.add({user("bob", now_ms())});
  EXPECT_EQ(list_.size(), 1U);
  EXPECT_TRUE(list_.check(token("ann", std::nullopt, "t1")));
  EXPECT_FALSE(list_.check(token("bob", std::nullopt)));
}

}  // namespace
}  // namespace stampede::auth
