#include <gmock/gmock.h>
#include <rapidjson/document.h>

#include "shared/model/message_block.h"
#include "tests/unit/worker/api_fixture.h"

namespace stampede::test {
namespace {

using testing::HasSubstr;

class ApiTest : public ApiFixture {
 protected:
  http::Response get(const std::string& target, const std::string& method = "GET",
                     const http::Pairs& headers = {}) {
    return ask(method, target, headers);
  }
  rapidjson::Document get_json(const std::string& target, int status = 200) {
    const auto response = get(target);
    EXPECT_EQ(response.status, status) << response.body;
    rapidjson::Document document;
    document.Parse(response.body.c_str());
    EXPECT_FALSE(document.HasParseError()) << response.body;
    return document;
  }
  /// A problem that names `parameter` and says `text`.
  void expect_problem(const std::string& target, const std::string& parameter,
                      const std::string& text) {
    const auto response = get(target);
    EXPECT_EQ(response.status, 400) << target;
    EXPECT_EQ(response.content_type, "application/problem+json");
    rapidjson::Document document;
    document.Parse(response.body.c_str());
    ASSERT_TRUE(document.IsObject()) << response.body;
    EXPECT_STREQ(document["type"].GetString(), "about:blank");
    EXPECT_STREQ(document["title"].GetString(), "Bad Request");
    EXPECT_EQ(document["status"].GetInt(), 400);
    EXPECT_EQ(document["instance"].GetString(), target);
    EXPECT_EQ(document["parameter"].GetString(), parameter) << response.body;
    EXPECT_THAT(document["detail"].GetString(), HasSubstr(text));
    EXPECT_TRUE(store_.queries.empty());
  }
  static MessageRef message(Seq seq, const std::string& body) {
    auto out = std::make_shared<Message>();
    out->id = parse_message_id("0190f3b4-0000-7000-8000-000000000001").value();
    out->room = RoomName("lobby");
    out->position = {seq, seq - 10};
    out->sender = UserId("ann");
    out->timestamp_ms = 1'700'000'000'123;
    out->content_type = "text/plain";
    out->body = body;
    return out;
  }
};

TEST_F(ApiTest, GivesGatewaysTheMessagesAsTheyWereSent) {
  store_.next_page =
      Page{{message(20, "one"), message(30, std::string("two\0\xff", 5))}, true, false};
  const auto response = get("/api/v1/rooms/lobby/messages?after=10", "GET",
                            {{"Accept", std::string(kMessageBlockType)}});
  EXPECT_EQ(response.content_type, kMessageBlockType);
  const auto block = decode_message_block(response.body);
  ASSERT_TRUE(block) << block.error().detail;
  ASSERT_EQ(block->messages.size(), 2u);
  EXPECT_EQ(*block->messages[1], *store_.next_page.value().messages[1]);
  EXPECT_TRUE(block->older);
  EXPECT_FALSE(block->newer);
}

TEST_F(ApiTest, GivesTheNewestPageByDefault) {
  store_.next_page = Page{{message(20, "one"), message(30, "two")}, true, false};
  const auto json = get_json("/api/v1/rooms/lobby/messages");
  ASSERT_EQ(store_.queries.size(), 1u);
  EXPECT_EQ(store_.queries[0].room.str(), "lobby");
  EXPECT_FALSE(store_.queries[0].before);
  EXPECT_FALSE(store_.queries[0].after);
  EXPECT_EQ(store_.queries[0].limit, 50u);
  EXPECT_STREQ(json["room"].GetString(), "lobby");
  ASSERT_EQ(json["messages"].Size(), 2u);
  EXPECT_STREQ(json["links"]["previous"].GetString(),
               "/api/v1/rooms/lobby/messages?before=20&limit=50");
  EXPECT_FALSE(json["links"].HasMember("next"));
}

TEST_F(ApiTest, WritesAMessageAsDocumented) {
  auto rich = std::make_shared<Message>(*message(20, "say \"hi\"\n\xc3\xa9"));
  rich->headers = {{"x-color", "green"}, {"x-color", "red"}, {"bad\xff", "\xfe"}};
  store_.next_page = Page{{rich}, false, false};
  const auto json = get_json("/api/v1/rooms/lobby/messages");
  const auto& one = json["messages"][0];
  EXPECT_STREQ(one["id"].GetString(), "0190f3b4-0000-7000-8000-000000000001");
  EXPECT_EQ(one["seq"].GetInt64(), 20);
  EXPECT_EQ(one["prev"].GetInt64(), 10);
  EXPECT_STREQ(one["sender"].GetString(), "ann");
  EXPECT_EQ(one["timestamp"].GetInt64(), 1'700'000'000'123);
  EXPECT_STREQ(one["contentType"].GetString(), "text/plain");
  EXPECT_STREQ(one["body"].GetString(), "say \"hi\"\n\xc3\xa9");
  EXPECT_FALSE(one.HasMember("encoding"));
  EXPECT_STREQ(one["headers"]["x-color"].GetString(), "green") << "the first of repeated wins";
  EXPECT_STREQ(one["headers"]["bad\xef\xbf\xbd"].GetString(), "\xef\xbf\xbd");
  EXPECT_EQ(json["links"].MemberCount(), 0u);
}

TEST_F(ApiTest, ABodyThatIsNoTextComesAsBase64) {
  // RFC 4648 section 10, and every padding.
  const std::vector<std::pair<std::string, std::string>> cases{
      {std::string("\xff"), "/w=="},
      {std::string("\xff\xfe"), "//4="},
      {std::string("\xff\xfe\xfd"), "//79"},
      {std::string("foobar\xff"), "Zm9vYmFy/w=="},
  };
  for (const auto& [body, expected] : cases) {
    store_.next_page = Page{{message(20, body)}, false, false};
    const auto json = get_json("/api/v1/rooms/lobby/messages");
    EXPECT_STREQ(json["messages"][0]["encoding"].GetString(), "base64");
    EXPECT_EQ(json["messages"][0]["body"].GetString(), expected);
  }
}

TEST_F(ApiTest, ABodyMayHoldNul) {
  store_.next_page = Page{{message(20, std::string("a\0b", 3))}, false, false};
  const auto json = get_json("/api/v1/rooms/lobby/messages");
  const auto& body = json["messages"][0]["body"];
  EXPECT_EQ(std::string(body.GetString(), body.GetStringLength()), std::string("a\0b", 3));
}

TEST_F(ApiTest, PassesBeforeAfterAndLimitOn) {
  store_.next_page = Page{{message(20, "one")}, true, true};
  auto json = get_json("/api/v1/rooms/lobby/messages?before=9007199254740991&limit=1");
  EXPECT_EQ(store_.queries.back().before, Seq{9007199254740991});
  EXPECT_EQ(store_.queries.back().limit, 1u);
  EXPECT_STREQ(json["links"]["previous"].GetString(),
               "/api/v1/rooms/lobby/messages?before=20&limit=1");
  EXPECT_STREQ(json["links"]["next"].GetString(), "/api/v1/rooms/lobby/messages?after=20&limit=1");
  json = get_json("/api/v1/rooms/lobby/messages?after=0&limit=200");
  EXPECT_EQ(store_.queries.back().after, Seq{0});
  EXPECT_EQ(store_.queries.back().limit, 200u);
}

TEST_F(ApiTest, AnEmptyPageLinksToWhereMessagesAre) {
  store_.next_page = Page{{}, true, false};
  auto json = get_json("/api/v1/rooms/lobby/messages?after=20");
  EXPECT_STREQ(json["links"]["previous"].GetString(),
               "/api/v1/rooms/lobby/messages?before=21&limit=50");
  store_.next_page = Page{{}, false, true};
  json = get_json("/api/v1/rooms/lobby/messages?before=20");
  EXPECT_STREQ(json["links"]["next"].GetString(), "/api/v1/rooms/lobby/messages?after=19&limit=50");
}

TEST_F(ApiTest, SaysWhatIsWrongWithAParameter) {
  const std::string messages = "/api/v1/rooms/lobby/messages";
  expect_problem(messages + "?limit=abc", "limit", "1 to 200, not 'abc'");
  expect_problem(messages + "?limit=0", "limit", "1 to 200, not '0'");
  expect_problem(messages + "?limit=201", "limit", "1 to 200");
  expect_problem(messages + "?limit=", "limit", "not ''");
  expect_problem(messages + "?limit=-1", "limit", "not '-1'");
  expect_problem(messages + "?limit=5x", "limit", "not '5x'");
  expect_problem(messages + "?limit=99999999999999999999", "limit", "1 to 200");
  expect_problem(messages + "?before=soon", "before", "0 to 9007199254740991, not 'soon'");
  expect_problem(messages + "?after=9007199254740992", "after", "0 to 9007199254740991");
  expect_problem(messages + "?before=1&after=2", "after", "cannot be given together");
  expect_problem(messages + "?limit=1&limit=2", "limit", "more than once");
  expect_problem(messages + "?limt=5", "limt", "allowed: before, after, limit");
  expect_problem("/api/v1/rooms/a%20b/messages", "room", "character 2 is a space");
  expect_problem("/api/v1/rooms/" + std::string(201, 'x') + "/messages", "room", "1 to 200");
  expect_problem("/api/v1/rooms/a%20b", "room", "a space");
  expect_problem("/api/v1/rooms/a%20b/members", "room", "a space");
  expect_problem("/api/v1/rooms/lobby/members?limit=1", "limit", "no query parameters");
  expect_problem("/api/v1/rooms?after=a%20b", "after", "a space");
  expect_problem("/api/v1/rooms?limit=1000", "limit", "1 to 200");
}

TEST_F(ApiTest, AStoreThatIsAwayIs503WithRetryAfter) {
  store_.next_page = Error(Errc::kUnavailable, "connection to server at \"10.1.2.3\" failed");
  for (const std::string target : {"/api/v1/rooms/lobby/messages", "/api/v1/rooms/lobby"}) {
    const auto response = get(target);
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.content_type, "application/problem+json");
    EXPECT_THAT(response.headers, testing::Contains(testing::Pair("Retry-After", "1")));
    EXPECT_THAT(response.body, HasSubstr("the message store is away"));
    EXPECT_THAT(response.body, testing::Not(HasSubstr("10.1.2.3"))) << "not for strangers";
  }
}

TEST_F(ApiTest, ADirectoryThatIsAwayIs503) {
  directory_.next_members = Error(Errc::kUnavailable, "redis is away");
  directory_.next_rooms = Error(Errc::kUnavailable, "redis is away");
  for (const std::string target :
       {"/api/v1/rooms", "/api/v1/rooms/lobby", "/api/v1/rooms/lobby/members"}) {
    EXPECT_EQ(get(target).status, 503) << target;
  }
}

TEST_F(ApiTest, UnknownPathsAndMethodsAreProblems) {
  EXPECT_EQ(get("/api/v1/room").status, 404);
  EXPECT_EQ(get("/api/v1/rooms/lobby/messages/1").status, 404);
  const auto refused = get("/api/v1/rooms/lobby/messages", "DELETE");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.content_type, "application/problem+json");
  EXPECT_THAT(refused.headers, testing::Contains(testing::Pair("Allow", "GET, HEAD")));
}

TEST_F(ApiTest, ListsRoomsInPages) {
  directory_.next_rooms = std::vector<RoomSummary>{
      {RoomName("a"), 3, 11, 2}, {RoomName("b"), 1, 12, 1}, {RoomName("c"), 5, 0, 5}};
  auto json = get_json("/api/v1/rooms?limit=2&after=Z");
  EXPECT_EQ(directory_.asked.after, "Z");
  EXPECT_EQ(directory_.asked.limit, 3u) << "one more tells whether there is a next page";
  ASSERT_EQ(json["rooms"].Size(), 2u);
  EXPECT_STREQ(json["rooms"][0]["room"].GetString(), "a");
  EXPECT_EQ(json["rooms"][0]["members"].GetInt64(), 2) << "users";
  EXPECT_EQ(json["rooms"][0]["sessions"].GetInt64(), 3);
  EXPECT_EQ(json["rooms"][1]["last"].GetInt64(), 12);
  EXPECT_STREQ(json["links"]["next"].GetString(), "/api/v1/rooms?after=b&limit=2");
  json = get_json("/api/v1/rooms");
  EXPECT_EQ(json["rooms"].Size(), 3u);
  EXPECT_FALSE(json["links"].HasMember("next"));
}

TEST_F(ApiTest, ListsMembersByUser) {
  directory_.next_members = std::vector<Member>{
      {RoomName("lobby"), SessionId("s1"), UserId("ann"), 100},
      {RoomName("lobby"), SessionId("s2"), UserId("bob"), 200},
      {RoomName("lobby"), SessionId("s3"), UserId("ann"), 300},
  };
  const auto json = get_json("/api/v1/rooms/lobby/members");
  EXPECT_STREQ(json["room"].GetString(), "lobby");
  ASSERT_EQ(json["members"].Size(), 2u);
  EXPECT_STREQ(json["members"][0]["user"].GetString(), "ann");
  EXPECT_EQ(json["members"][0]["sessions"].GetInt(), 2);
  EXPECT_EQ(json["members"][0]["since"].GetInt64(), 100);
  EXPECT_STREQ(json["members"][1]["user"].GetString(), "bob");
}

TEST_F(ApiTest, ARoomHasMembersOrMessages) {
  EXPECT_EQ(get("/api/v1/rooms/lobby").status, 404);
  store_.next_page = Page{{message(20, "one")}, true, false};
  auto json = get_json("/api/v1/rooms/lobby");
  EXPECT_EQ(json["members"].GetInt(), 0);
  EXPECT_EQ(json["last"].GetInt64(), 20);
  EXPECT_EQ(store_.queries.back().limit, 1u);
  store_.next_page = Page{};
  directory_.next_members =
      std::vector<Member>{{RoomName("lobby"), SessionId("s1"), UserId("ann"), 100},
                          {RoomName("lobby"), SessionId("s2"), UserId("ann"), 200}};
  json = get_json("/api/v1/rooms/lobby");
  EXPECT_EQ(json["members"].GetInt(), 1);
  EXPECT_EQ(json["sessions"].GetInt(), 2);
  EXPECT_EQ(json["last"].GetInt64(), 0);
}

}  // namespace
}  // namespace stampede::test
