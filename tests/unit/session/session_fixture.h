#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "gateway/session/session.h"
#include "tests/support/fake_transport.h"
#include "tests/support/shard.h"

namespace stampede::gateway {

/// A session on a shard whose ports, time and transport the test plays.
class SessionTest : public testing::Test {
 protected:
  void receive(std::string_view bytes) {
    session_.on_bytes(bytes);
    shard_.executor.run();
  }
  /// A frame in shorthand: lines, then the body after an empty line; the NUL is added.
  void frame(std::string text) {
    if (text.find("\n\n") == std::string::npos) text += "\n\n";
    text += '\0';
    receive(text);
  }
  void connect(const std::string& headers = "accept-version:1.2\nlogin:ann") {
    frame("CONNECT\n" + headers);
    ASSERT_THAT(sent(), testing::SizeIs(1));
    sent().clear();
  }
  std::vector<std::string>& sent() { return transport_.sent; }

  test::Shard shard_;
  test::FakeTransport transport_;
  Session session_{transport_, shard_.context, SessionId("gw.0.1")};
};

}  // namespace stampede::gateway
