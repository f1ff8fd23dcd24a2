#include "gateway/session/destination.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stampede::gateway {
namespace {

using testing::HasSubstr;

const UserId kSelf("ann");

Destination queue(const std::string& user, const std::string& name) {
  return UserQueue{UserId(user), RoomName(name)};
}

TEST(DestinationTest, RoomsAreReadTheSameForBoth) {
  EXPECT_EQ(*parse_send_destination("/topic/a.b"), Destination(RoomName("a.b")));
  EXPECT_EQ(*parse_subscribe_destination("/topic/a.b", kSelf), Destination(RoomName("a.b")));
}

TEST(DestinationTest, ASendNamesTheUser) {
  EXPECT_EQ(*parse_send_destination("/user/bob/queue/notes"), queue("bob", "notes"));
  EXPECT_EQ(*parse_send_destination("/user/queue/queue/notes"), queue("queue", "notes"));
}

TEST(DestinationTest, BytesOfAUserMayBePercentEncoded) {
  EXPECT_EQ(*parse_send_destination("/user/a%2Fb%25%20c/queue/n"), queue("a/b% c", "n"));
  EXPECT_EQ(*parse_send_destination("/user/J%C3%B6rg/queue/n"), queue("J\xc3\xb6rg", "n"));
  EXPECT_EQ(*parse_send_destination("/user/J\xc3\xb6rg/queue/n"), queue("J\xc3\xb6rg", "n"));
  EXPECT_EQ(*parse_send_destination("/user/%41/queue/n"), queue("A", "n"));
}

TEST(DestinationTest, ASubscriberNamesItsOwnQueue) {
  EXPECT_EQ(*parse_subscribe_destination("/user/queue/notes", kSelf), queue("ann", "notes"));
}

TEST(DestinationTest, OtherPlacesAreUnknownAndTheErrorSaysWhatIsSupported) {
  for (const char* text : {"", "/topic", "/queue/a", "/user/", "/user/bob", "/user/bob/notes"}) {
    const auto send = parse_send_destination(text);
    ASSERT_FALSE(send) << text;
    EXPECT_TRUE(send.error().is(Errc::kNotFound)) << text;
    EXPECT_THAT(send.error().detail,
                HasSubstr("supported: /topic/<room>, /user/<user>/queue/<name>"));
    EXPECT_EQ(destination_error(send.error()), "Unknown destination");
    const auto subscribe = parse_subscribe_destination(text, kSelf);
    ASSERT_FALSE(subscribe) << text;
    EXPECT_TRUE(subscribe.error().is(Errc::kNotFound)) << text;
    EXPECT_THAT(subscribe.error().detail,
                HasSubstr("supported: /topic/<room>, /user/queue/<name>"));
  }
}

TEST(DestinationTest, WrongNamesAreInvalidAndTheErrorSaysWhy) {
  const auto detail = [](const char* text) {
    const auto parsed = parse_send_destination(text);
    if (parsed || !parsed.error().is(Errc::kInvalidArgument)) return std::string("accepted");
    EXPECT_EQ(destination_error(parsed.error()), "Invalid destination");
    return parsed.error().detail;
  };
  EXPECT_THAT(detail("/user/queue/notes"), HasSubstr("a SEND names the user"));
  EXPECT_THAT(detail("/user//queue/notes"), HasSubstr("1 to 200 bytes"));
  EXPECT_THAT(detail("/user/a%2/queue/n"), HasSubstr("two hexadecimal digits"));
  EXPECT_THAT(detail("/user/a%/queue/n"), HasSubstr("two hexadecimal digits"));
  EXPECT_THAT(detail("/user/a%zz/queue/n"), HasSubstr("two hexadecimal digits"));
  EXPECT_THAT(detail("/user/a%0a/queue/n"), HasSubstr("control characters"));
  EXPECT_THAT(detail("/user/a%ff/queue/n"), HasSubstr("UTF-8"));
  EXPECT_THAT(detail("/user/bob/queue/"), HasSubstr("a queue is named like a room"));
  EXPECT_THAT(detail("/user/bob/queue/a/b"), HasSubstr("a queue is named like a room"));
}

TEST(DestinationTest, NobodySubscribesToTheQueueOfAnother) {
  for (const char* text : {"/user/bob/queue/notes", "/user/ann/queue/notes"}) {
    const auto parsed = parse_subscribe_destination(text, kSelf);
    ASSERT_FALSE(parsed);
    EXPECT_TRUE(parsed.error().is(Errc::kInvalidArgument));
    EXPECT_THAT(parsed.error().detail, HasSubstr("/user/queue/<name>"));
  }
  EXPECT_FALSE(parse_subscribe_destination("/user/queue/", kSelf));
}

}  // namespace
}  // namespace stampede::gateway
