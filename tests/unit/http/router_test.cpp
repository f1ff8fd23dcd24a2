#include "shared/http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

#include "shared/http/problem.h"
#include "shared/http/target.h"

namespace stampede::test {
namespace {

using http::Request;
using http::Responder;
using http::Response;
using http::Router;
using ::testing::HasSubstr;

/// Answers with its own name and the parameters.
http::Handler named(std::string name) {
  return [name](const Request& request, const Responder& respond) {
    std::string text = name;
    for (const auto& [key, value] : request.params) text.append(" ").append(key + "=" + value);
    respond(Response::text(text));
  };
}

Response dispatch(const Router& router, std::string method, std::string target) {
  std::optional<Response> answer;
  Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  router.dispatch(std::move(request), Responder([&](Response r) { answer = std::move(r); }));
  return answer.value();
}

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

TEST(RouterTest, FindsRoutesAndDecodesParameters) {
  Router router;
  router.add("GET", "/api/rooms", named("rooms"));
  router.add("GET", "/api/rooms/{room}", named("room"));
  router.add("GET", "/api/rooms/{room}/messages/{id}", named("message"));
  router.add("GET", "/", named("root"));
  EXPECT_EQ(dispatch(router, "GET", "/api/rooms").body, "rooms");
  EXPECT_EQ(dispatch(router, "GET", "/api/rooms/a%20b?x=1").body, "room room=a b");
  EXPECT_EQ(dispatch(router, "GET", "/api/rooms/a%2Fb/messages/%C3%A9").body,
            "message room=a/b id=\xC3\xA9");
  EXPECT_EQ(dispatch(router, "GET", "http://host:1/api/rooms").body, "rooms");
  EXPECT_EQ(dispatch(router, "GET", "http://host").body, "root");
  EXPECT_EQ(dispatch(router, "HEAD", "/").body, "root");
}

TEST(RouterTest, PrefersLiteralsWhateverTheOrder) {
  for (const bool literal_first : {true, false}) {
    Router router;
    if (literal_first) router.add("GET", "/a/mine", named("mine"));
    router.add("GET", "/a/{x}", named("any"));
    router.add("GET", "/{y}/mine", named("other"));
    if (!literal_first) router.add("GET", "/a/mine", named("mine"));
    EXPECT_EQ(dispatch(router, "GET", "/a/mine").body, "mine");
    EXPECT_EQ(dispatch(router, "GET", "/a/b").body, "any x=b");
    EXPECT_EQ(dispatch(router, "GET", "/b/mine").body, "other y=b");
  }
}

TEST(RouterTest, Says404And405WithWhatIsAllowed) {
  Router router;
  router.add("GET", "/rooms/{room}", named("get"));
  router.add("POST", "/rooms/{room}", named("post"));
  for (const std::string path :
       {"/", "/rooms", "/rooms/", "/rooms/a/", "/rooms/a/b", "//rooms/a"}) {
    EXPECT_EQ(dispatch(router, "GET", path).status, 404) << path;
  }
  const Response refused = dispatch(router, "DELETE", "/rooms/a");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(header(refused, "Allow"), "GET, HEAD, POST");
  EXPECT_EQ(refused.content_type, "application/problem+json");
}

TEST(RouterTest, FallsBackForUnknownPathsOnly) {
  Router router;
  router.add("GET", "/known", named("known"));
  router.fallback(named("fallback"));
  EXPECT_EQ(dispatch(router, "GET", "/unknown").body, "fallback");
  EXPECT_EQ(dispatch(router, "POST", "/known").status, 405);
}

TEST(RouterTest, RefusesTargetsThatCannotBeDecoded) {
  Router router;
  router.fallback(named("fallback"));
  for (const std::string target : {"/%", "/%4", "/%zz", "/a?x=%g1", "/%00", "/?%00", "/%ff",
                                   "/?x=%c3", "", "relative", "*", "?x"}) {
    const Response refused = dispatch(router, "GET", target);
    EXPECT_EQ(refused.status, target == "?x" ? 200 : 400) << target;
  }
  EXPECT_THAT(dispatch(router, "GET", "/ab%zz").body, HasSubstr("'%' at byte 3"));
}

TEST(RouterTest, ListsItsRoutesInOrder) {
  Router router;
  router.add("GET", "/{b}", named("b"));
  router.add("GET", "/a", named("a"));
  router.add("POST", "/a", named("a"));
  ASSERT_EQ(router.routes().size(), 3U);
  EXPECT_EQ(router.routes()[0].pattern, "/{b}");
  EXPECT_EQ(router.routes()[2].method, "POST");
}

TEST(RouterTest, ThrowsAtMistakesOfTheProgram) {
  Router router;
  router.add("GET", "/a/{x}", named("a"));
  EXPECT_THROW(router.add("GET", "/a/{x}", named("a")), std::logic_error);
  EXPECT_THROW(router.add("POST", "/a/{y}", named("a")), std::logic_error);
  EXPECT_THROW(router.add("GET", "a", named("a")), std::logic_error);
  EXPECT_THROW(router.add("GET", "/a/{}", named("a")), std::logic_error);
  EXPECT_THROW(router.add("GET", "/a{x}", named("a")), std::logic_error);
}

TEST(ResponderTest, CountsTheFirstAnswerOnly) {
  std::vector<int> statuses;
  {
    const Responder respond([&](const Response& r) { statuses.push_back(r.status); });
    const Responder copy = respond;
    copy(Response::text("", 201));
    respond(Response::text("", 202));
  }
  EXPECT_THAT(statuses, ::testing::ElementsAre(201));
}

TEST(ResponderTest, AnswersFor500WhenForgotten) {
  std::vector<int> statuses;
  {
    const Responder respond([&](const Response& r) { statuses.push_back(r.status); });
  }
  EXPECT_THAT(statuses, ::testing::ElementsAre(500));
}

TEST(TargetTest, SplitsQueriesBeforeDecoding) {
  const auto target = http::parse_target("/p?a=1&b=x%26y&a=2+3&flag&&=v&c==");
  ASSERT_TRUE(target);
  const http::Pairs expected{{"a", "1"},   {"b", "x&y"}, {"a", "2 3"},
                             {"flag", ""}, {"", "v"},    {"c", "="}};
  EXPECT_EQ(target->query, expected);
  Request request;
  request.query = target->query;
  EXPECT_EQ(request.query_value("a"), "1");
  EXPECT_EQ(request.query_value("flag"), "");
  EXPECT_EQ(request.query_value("absent"), std::nullopt);
}

TEST(TargetTest, KeepsPlusInPaths) { EXPECT_EQ(http::parse_target("/a+b?c=d+e")->path, "/a+b"); }

TEST(MessageTest, FindsHeadersWithoutRegardToCase) {
  Request request;
  request.headers = {{"X-Key", "first"}, {"x-key", "second"}};
  EXPECT_EQ(request.header("X-KEY"), "first");
  EXPECT_EQ(request.header("X-Other"), std::nullopt);
}

TEST(MessageTest, LetsNoValueStartAnotherHeader) {
  Response response = Response::text("x");
  response.headers.emplace_back("Location", "/a\r\nSet-Cookie: b");
  const std::string head = http::head_of(response, http::AfterResponse::kKeepAlive);
  EXPECT_THAT(head, HasSubstr("Location: /a  Set-Cookie: b\r\n"));
}

TEST(MessageTest, SendsNoLengthWhereThereIsNoBody) {
  for (const int status : {101, 204, 304}) {
    Response response;
    response.status = status;
    EXPECT_THAT(http::head_of(response, http::AfterResponse::kClose),
                ::testing::Not(HasSubstr("Content-Length")));
  }
}

TEST(ProblemTest, IsJsonWhateverTheDetail) {
  const Response response = http::problem(400, "a \"quoted\" \\ and\n control \x01");
  EXPECT_EQ(response.body,
            "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,\"detail\":"
            "\"a \\\"quoted\\\" \\\\ and\\u000a control \\u0001\"}\n");
}

TEST(ProblemTest, ChoosesTheStatusByTheError) {
  EXPECT_EQ(http::problem(Error(Errc::kNotFound, "no room")).status, 404);
  const Response away = http::problem(Error(Errc::kUnavailable, "the store is away"));
  EXPECT_EQ(away.status, 503);
  EXPECT_EQ(header(away, "Retry-After"), "1");
  EXPECT_THAT(away.body, HasSubstr("the store is away"));
}

TEST(ProblemTest, TellsNothingOfOurInside) {
  EXPECT_THAT(http::problem(Error(Errc::kInternal, "relation \"x\" missing")).body,
              ::testing::Not(HasSubstr("relation")));
  EXPECT_EQ(
      http::problem(Error(boost::system::error_code(5, boost::system::system_category()), "/etc"))
          .status,
      500);
}

class CorsTest : public ::testing::Test {
 protected:
  CorsTest() {
    router_.add("GET", "/api", named("api"));
    router_.allow_pages(http::OriginPolicy({"https://chat.example"}, false));
  }
  Response ask(const std::string& method, http::Pairs headers, const std::string& target = "/api") {
    std::optional<Response> answer;
    Request request;
    request.method = method;
    request.target = target;
    request.headers = std::move(headers);
    router_.dispatch(std::move(request), Responder([&](Response r) { answer = std::move(r); }));
    return answer.value();
  }

  Router router_;
};

TEST_F(CorsTest, AllowedPagesMayReadAnswersAndRefusals) {
  for (const std::string target : {"/api", "/nothing"}) {
    const Response answer = ask("GET", {{"origin", "https://chat.example"}}, target);
    EXPECT_EQ(header(answer, "Access-Control-Allow-Origin"), "https://chat.example");
    EXPECT_EQ(header(answer, "Vary"), "Origin");
    EXPECT_EQ(header(answer, "Access-Control-Allow-Credentials"), "");
  }
}

TEST_F(CorsTest, OtherPagesMayNot) {
  for (const std::string method : {"GET", "OPTIONS"}) {
    const Response answer =
        ask(method, {{"Origin", "https://evil.example"}, {"Access-Control-Request-Method", "GET"}});
    EXPECT_EQ(header(answer, "Access-Control-Allow-Origin"), "");
  }
  EXPECT_EQ(header(ask("GET", {}), "Access-Control-Allow-Origin"), "");
}

TEST_F(CorsTest, APreflightSaysWhatMayBeSent) {
  const Response answer = ask("OPTIONS", {{"Origin", "https://chat.example"},
                                          {"Access-Control-Request-Method", "GET"},
                                          {"Access-Control-Request-Headers", "authorization"}});
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(header(answer, "Access-Control-Allow-Origin"), "https://chat.example");
  EXPECT_THAT(header(answer, "Access-Control-Allow-Headers"), HasSubstr("Authorization"));
  EXPECT_THAT(header(answer, "Access-Control-Allow-Methods"), HasSubstr("POST"));
}

TEST_F(CorsTest, OptionsThatIsNoPreflightIsAMethodLikeOthers) {
  EXPECT_EQ(ask("OPTIONS", {{"Origin", "https://chat.example"}}).status, 405);
}

}  // namespace
}  // namespace stampede::test
