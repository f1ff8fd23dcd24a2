#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/support/fake_auth.h"
#include "tests/support/fake_clock.h"
#include "tests/support/manual_executor.h"
#include "tests/unit/worker/fakes.h"

namespace stampede::test {

/// The REST API over ports that the test plays. Everybody may do everything until `auth_` is told
/// otherwise.
class ApiFixture : public testing::Test {
 protected:
  ApiFixture() {
    worker::add_api(router_, {store_, directory_, admission_, revocations_, executor_});
  }

  http::Response ask(const std::string& method, const std::string& target,
                     const http::Pairs& headers = {}, const std::string& body = {}) {
    std::optional<http::Response> answer;
    http::Request request;
    request.method = method;
    request.target = target;
    request.headers = headers;
    request.body = body;
    request.peer = "192.0.2.1:5000";
    router_.dispatch(std::move(request),
                     http::Responder([&](http::Response made) { answer = std::move(made); }));
    executor_.run();
    EXPECT_TRUE(answer) << "no answer to " << target;
    return answer.value_or(http::Response{});
  }

  FakeStore store_;
  FakeDirectory directory_;
  FakeRevocations revocations_;
  FakeClock clock_;
  FakeAuth auth_;
  auth::Admission admission_{auth_.ports(), std::chrono::hours(1), clock_};
  ManualExecutor executor_;
  http::Router router_;
};

}  // namespace stampede::test
