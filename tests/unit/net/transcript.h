#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/net/ws_decoder.h"

namespace stampede::test {

/// What a peer said, with the pieces of each message put together: `text+`, `ping(x)`, `error …`.
class Transcript {
 public:
  explicit Transcript(gateway::WsLimits limits = {}, gateway::InflaterPool* inflaters = nullptr)
      : decoder_(limits, inflaters) {}

  Transcript& feed(std::string bytes) {
    decoder_.feed(bytes);
    for (gateway::WsEvent e = decoder_.next(); e.kind != gateway::WsEvent::Kind::kNeedMore;
         e = decoder_.next())
      add(e);
    EXPECT_TRUE(decoder_.unread().empty());
    EXPECT_FALSE(decoder_.holds_output());
    return *this;
  }

  std::vector<std::string> lines;
  gateway::CloseReason reason{};

 private:
  void add(const gateway::WsEvent& e) {
    const std::string bytes(e.bytes);
    switch (e.kind) {
      case gateway::WsEvent::Kind::kNeedMore: break;
      case gateway::WsEvent::Kind::kData: message_ += bytes; break;
      case gateway::WsEvent::Kind::kMessageEnd:
        lines.push_back("message(" + message_ + ")");
        message_.clear();
        break;
      case gateway::WsEvent::Kind::kPing: lines.push_back("ping(" + bytes + ")"); break;
      case gateway::WsEvent::Kind::kPong: lines.push_back("pong(" + bytes + ")"); break;
      case gateway::WsEvent::Kind::kClose:
        lines.push_back("close(" + std::to_string(e.code) + bytes + ")");
        break;
      case gateway::WsEvent::Kind::kError:
        lines.push_back("error: " + bytes);
        reason = e.reason;
        break;
    }
  }

  gateway::WsDecoder decoder_;
  std::string message_;
};

}  // namespace stampede::test
