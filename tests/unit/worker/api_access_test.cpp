// Who may ask for what.
#include <gmock/gmock.h>
#include <rapidjson/document.h>

#include "tests/unit/worker/api_fixture.h"

namespace stampede::test {
namespace {

using auth::Credentials;
using auth::Principal;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class ApiAccessTest : public ApiFixture {
 protected:
  void everybody_may(const std::string& rights) {
    auth_.decide = [rights](const Credentials&) { return FakeAuth::principal("ann", rights); };
  }
  void refuse_with(const Error& error) {
    auth_.decide = [error](const Credentials&) -> Result<Principal> { return error; };
  }
  static std::vector<std::string> values(const http::Response& response, const std::string& name) {
    std::vector<std::string> found;
    for (const auto& [key, value] : response.headers) {
      if (http::same_token(key, name)) found.push_back(value);
    }
    return found;
  }
  std::vector<std::string> listed(const std::string& target, std::string* next = nullptr) {
    const auto response = ask("GET", target);
    EXPECT_EQ(response.status, 200) << response.body;
    rapidjson::Document json;
    json.Parse(response.body.c_str());
    std::vector<std::string> names;
    for (const auto& room : json["rooms"].GetArray()) names.emplace_back(room["room"].GetString());
    if (next != nullptr) {
      *next = json["links"].HasMember("next") ? json["links"]["next"].GetString() : "";
    }
    return names;
  }
  http::Response revoke(const std::string& body, const std::string& key = "Bearer admin-key") {
    return ask("POST", "/api/v1/revocations", {{"Authorization", key}}, body);
  }
};

TEST_F(ApiAccessTest, AsksTheAuthenticatorWithWhatTheRequestShows) {
  ask("GET", "/api/v1/rooms/lobby", {{"authorization", "Bearer a.b.c"}});
  ASSERT_EQ(auth_.asked.size(), 1u);
  EXPECT_EQ(auth_.asked[0].authorization, "Bearer a.b.c");
  EXPECT_EQ(auth_.asked[0].peer_address, "192.0.2.1");
}

TEST_F(ApiAccessTest, WhoIsNobodyIsToldHowToProveOtherwise) {
  refuse_with(Error(Errc::kDenied, "the token has expired"));
  const auto response = ask("GET", "/api/v1/rooms/lobby/messages");
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_THAT(response.body, AllOf(HasSubstr("the token has expired"), HasSubstr("\"instance\"")));
  EXPECT_THAT(values(response, "WWW-Authenticate"),
              ElementsAre(HasSubstr("Bearer"), HasSubstr("Basic")));
  EXPECT_TRUE(store_.queries.empty());
}

TEST_F(ApiAccessTest, WhatCannotBeUnderstoodProvesNothing) {
  refuse_with(Error(Errc::kInvalidArgument, "Authorization is neither Bearer nor Basic"));
  EXPECT_EQ(ask("GET", "/api/v1/rooms").status, 401);
}

TEST_F(ApiAccessTest, TooManyLoginsAreNotTheClientsFault) {
  refuse_with(Error(Errc::kOverloaded, "too many logins wait"));
  const auto response = ask("GET", "/api/v1/rooms");
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(values(response, "Retry-After"), ElementsAre("1"));
}

TEST_F(ApiAccessTest, HistoryNeedsTheRightToRead) {
  everybody_may("lobby=read;staff=send,presence");
  EXPECT_EQ(ask("GET", "/api/v1/rooms/lobby/messages").status, 200);
  for (const std::string target : {"/api/v1/rooms/staff/messages", "/api/v1/rooms/staff"}) {
    const auto response = ask("GET", target);
    EXPECT_EQ(response.status, 403) << target;
    EXPECT_THAT(response.body, AllOf(HasSubstr("right to read"), HasSubstr("'staff'")));
  }
}

TEST_F(ApiAccessTest, MembersNeedTheRightOfPresence) {
  everybody_may("lobby=presence;staff=read");
  EXPECT_EQ(ask("GET", "/api/v1/rooms/lobby/members").status, 200);
  const auto response = ask("GET", "/api/v1/rooms/staff/members");
  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body, HasSubstr("right to presence"));
}

TEST_F(ApiAccessTest, ARevokedTokenReadsNothing) {
  auth_.decide = [](const Credentials&) {
    auto principal = FakeAuth::principal("ann");
    principal.token_id = "t1";
    return principal;
  };
  EXPECT_EQ(ask("GET", "/api/v1/rooms").status, 200);
  admission_.revoke({{UserId(), "t1", clock_.wall().count() / 1000}});
  EXPECT_EQ(ask("GET", "/api/v1/rooms").status, 401);
}

TEST_F(ApiAccessTest, ListsTheRoomsThatMayBeRead) {
  directory_.next_rooms = std::vector<RoomSummary>{
      {RoomName("a"), 1, 1}, {RoomName("b"), 1, 1}, {RoomName("c.1"), 1, 1}, {RoomName("d"), 1, 1}};
  everybody_may("c.*=read;a=presence;d=send");
  EXPECT_THAT(listed("/api/v1/rooms"), ElementsAre("c.1"));
}

TEST_F(ApiAccessTest, PagesOfReadableRoomsAreFull) {
  std::vector<RoomSummary> rooms;
  for (int i = 1000; i < 3000; ++i) {
    rooms.push_back({RoomName((i % 100 == 7 ? "mine." : "other.") + std::to_string(i)), 1, 1});
  }
  std::sort(rooms.begin(), rooms.end(),
            [](const RoomSummary& a, const RoomSummary& b) { return a.room < b.room; });
  directory_.next_rooms = rooms;
  everybody_may("mine.*=read");
  std::string next;
  EXPECT_THAT(listed("/api/v1/rooms?limit=19", &next), testing::SizeIs(19));
  EXPECT_EQ(next, "/api/v1/rooms?after=mine.2807&limit=19");
  EXPECT_THAT(listed(next, &next), ElementsAre("mine.2907"));
  EXPECT_EQ(next, "");
}

TEST_F(ApiAccessTest, LookingForReadableRoomsEndsAtABound) {
  std::vector<RoomSummary> rooms;
  for (int i = 10'000; i < 25'000; ++i) rooms.push_back({RoomName("r" + std::to_string(i)), 1, 1});
  rooms.push_back({RoomName("z"), 1, 1});
  directory_.next_rooms = rooms;
  everybody_may("z=read");
  std::string next;
  EXPECT_THAT(listed("/api/v1/rooms", &next), testing::IsEmpty());
  EXPECT_EQ(directory_.rooms_asked, 20u);
  ASSERT_NE(next, "") << "the rest is a page further";
  EXPECT_THAT(listed(next, &next), ElementsAre("z"));
  EXPECT_EQ(next, "");
}

TEST_F(ApiAccessTest, TheAdministratorsKeyReadsEverything) {
  refuse_with(Error(Errc::kDenied, "who are you"));
  const http::Pairs key{{"Authorization", auth_.admin}};
  EXPECT_EQ(ask("GET", "/api/v1/rooms/staff/messages", key).status, 200);
  EXPECT_EQ(ask("GET", "/api/v1/rooms/staff/members", key).status, 200);
  EXPECT_TRUE(auth_.asked.empty());
}

TEST_F(ApiAccessTest, TheAdministratorRevokesUsersAndTokens) {
  EXPECT_EQ(revoke(R"({"user": "ann"})").status, 204);
  EXPECT_EQ(revoke(R"({"token": "t1"})").status, 204);
  EXPECT_THAT(revocations_.asked,
              ElementsAre(Revocation{UserId("ann"), "", 0}, Revocation{UserId(), "t1", 0}));
}

TEST_F(ApiAccessTest, NobodyElseRevokes) {
  EXPECT_EQ(revoke(R"({"user": "ann"})", "Bearer guess").status, 403);
  EXPECT_EQ(ask("POST", "/api/v1/revocations", {}, R"({"user": "ann"})").status, 403);
  EXPECT_TRUE(revocations_.asked.empty());
}

TEST_F(ApiAccessTest, ARevocationThatIsNoneSaysWhatIsAllowed) {
  const std::string deep(100'000, '[');
  for (const std::string& body :
       {std::string(), std::string("ann"), std::string("[]"), std::string("{}"), deep,
        std::string(R"({"user": "ann", "token": "t"})"), std::string(R"({"name": "ann"})"),
        std::string(R"({"user": 7})"), std::string(R"({"user": ""})"),
        std::string(R"({"token": ""})"), R"({"token": ")" + std::string(201, 'x') + "\"}"}) {
    const auto response = revoke(body);
    EXPECT_EQ(response.status, 400) << body.substr(0, 80);
    EXPECT_EQ(response.content_type, "application/problem+json");
  }
  EXPECT_THAT(revoke("{}").body, HasSubstr("\\\"user\\\", a user's name, or \\\"token\\\""));
  EXPECT_THAT(revoke(R"({"token": ""})").body, HasSubstr("1 to 200"));
  EXPECT_TRUE(revocations_.asked.empty());
}

TEST_F(ApiAccessTest, ARevocationThatCannotBeKeptIsNotConfirmed) {
  revocations_.answer = Error(Errc::kUnavailable, "redis://… is away");
  const auto response = revoke(R"({"user": "ann"})");
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("the list of revocations is away"));
}

}  // namespace
}  // namespace stampede::test
