#include "shared/http/ops_endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace stampede::test {
namespace {

using http::Response;
using ::testing::HasSubstr;

class OpsEndpointsTest : public ::testing::Test {
 protected:
  OpsEndpointsTest() { http::add_ops_endpoints(router_, health_, metrics_, "1.2.3"); }

  Response get(std::string path) const {
    std::optional<Response> answer;
    http::Request request;
    request.method = "GET";
    request.target = std::move(path);
    router_.dispatch(std::move(request),
                     http::Responder([&](Response r) { answer = std::move(r); }));
    return answer.value();
  }

  Health health_;
  Metrics metrics_;
  http::Router router_;
};

TEST_F(OpsEndpointsTest, LivesWhateverIsAway) {
  health_.set("redis", false, "connection refused");
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(OpsEndpointsTest, LivesOnceTheOthersHaveHadATurn) {
  Task answer;
  http::Router router;
  http::add_ops_endpoints(router, health_, metrics_, "1.2.3",
                          [&](Task task) { answer = std::move(task); });
  std::optional<Response> answered;
  http::Request request;
  request.method = "GET";
  request.target = "/healthz";
  router.dispatch(std::move(request),
                  http::Responder([&](Response r) { answered = std::move(r); }));
  EXPECT_FALSE(answered);
  answer();
  EXPECT_EQ(answered.value().status, 200);
}

TEST_F(OpsEndpointsTest, IsReadyWhenEveryComponentIs) {
  health_.set("redis", false, "connection \"refused\"");
  health_.set("rabbitmq", true);
  const Response not_ready = get("/readyz");
  EXPECT_EQ(not_ready.status, 503);
  EXPECT_EQ(not_ready.body,
            "{\"ready\":false,\"draining\":false,\"components\":{\"rabbitmq\":{\"ready\":true},"
            "\"redis\":{\"ready\":false,\"reason\":\"connection \\\"refused\\\"\"}}}\n");
  health_.set("redis", true);
  EXPECT_EQ(get("/readyz").status, 200);
  health_.drain();
  EXPECT_EQ(get("/readyz").status, 503);
}

TEST_F(OpsEndpointsTest, ExposesTheProcess) {
  const Response first = get("/metrics");
  EXPECT_EQ(first.content_type, "text/plain; version=0.0.4; charset=utf-8");
  for (const char* name :
       {"process_cpu_seconds_total ", "process_resident_memory_bytes ", "process_open_fds ",
        "process_start_time_seconds ", "stampede_build_info{version=\"1.2.3\"} 1"}) {
    EXPECT_THAT(first.body, HasSubstr(name));
  }
  EXPECT_GT(metrics_.gauge("process_resident_memory_bytes", "").value(), 1e6);
  EXPECT_GT(metrics_.gauge("process_open_fds", "").value(), 2);
  const double cpu = metrics_.counter("process_cpu_seconds_total", "").value();
  EXPECT_GT(cpu, 0);
  get("/metrics");
  EXPECT_LT(metrics_.counter("process_cpu_seconds_total", "").value(), cpu + 60);
}

}  // namespace
}  // namespace stampede::test
