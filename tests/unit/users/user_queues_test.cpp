#include "tests/unit/users/users_fixture.h"

namespace stampede::gateway {
namespace {

using UserQueuesTest = UsersTest;

TEST_F(UserQueuesTest, SubscriptionsOfOneTurnAreEnteredTogetherAndLiveWhenThatIsAnswered) {
  Reader first;
  Reader second;
  subscribe("ann", "s1", first);
  subscribe("bob", "s2", second);
  executor_.run();
  EXPECT_EQ(directory_.calls, "2+ ");
  EXPECT_EQ(live_, "");
  directory_.entered[0](Result<void>());
  executor_.run();
  EXPECT_EQ(live_, "++");
}

TEST_F(UserQueuesTest, WhoIsFoundGetsTheMessageThoughItsSubscriptionIsNotAnsweredYet) {
  Reader reader;
  subscribe("ann", "s1", reader);
  queues_.deliver({message_to("ann"), message_to("bob")});
  EXPECT_EQ(reader.got, 1);
}

TEST_F(UserQueuesTest, ADirectoryThatIsAwayFailsTheSubscription) {
  Reader reader;
  subscribe("ann", "s1", reader);
  executor_.run();
  directory_.entered[0](Error(Errc::kUnavailable, "Redis is away"));
  executor_.run();
  EXPECT_EQ(live_, "-");
  unsubscribe("ann", "s1", reader);
  executor_.run();
  EXPECT_EQ(directory_.calls, "1+ 1- ") << "it may have entered all the same";
  queues_.deliver({message_to("ann")});
  EXPECT_EQ(reader.got, 0);
}

TEST_F(UserQueuesTest, UnsubscribedBeforeItIsLiveIsForgotten) {
  Reader reader;
  subscribe("ann", "s1", reader);
  unsubscribe("ann", "s1", reader);
  executor_.run();
  EXPECT_EQ(directory_.calls, "1+ 1- ") << "in the order made";
  directory_.entered[0](Result<void>());
  executor_.run();
  EXPECT_EQ(live_, "");
}

TEST_F(UserQueuesTest, ASecondSubscriptionOfASessionKeepsItsPlace) {
  Reader first;
  Reader second;
  subscribe("ann", "s1", first);
  subscribe("ann", "s1", second);
  executor_.run();
  unsubscribe("ann", "s1", first);
  executor_.run();
  EXPECT_EQ(directory_.calls, "2+ ");
  queues_.deliver({message_to("ann")});
  EXPECT_EQ(second.got, 1);
  unsubscribe("ann", "s1", second);
  executor_.run();
  EXPECT_EQ(directory_.calls, "2+ 1- ");
}

}  // namespace
}  // namespace stampede::gateway
