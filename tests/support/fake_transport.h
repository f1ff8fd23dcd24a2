#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/session/transport.h"

namespace stampede::test {

/// Keeps what a session sends. One thread.
class FakeTransport final : public gateway::Transport {
 public:
  void send(gateway::Slice slice) override {
    if (closed) return;
    slice.for_each_frame(
        [this](std::string_view, std::string_view stomp) { sent.emplace_back(stomp); });
    unasked_ = true;
  }
  [[nodiscard]] bool take_sent() noexcept override { return std::exchange(unasked_, false); }
  void close(gateway::CloseReason reason) override {
    if (!closed) closed = reason;
  }
  void pause_reading() override { paused = true; }
  void resume_reading() override { paused = false; }
  [[nodiscard]] std::size_t queued_bytes() const override { return queued; }
  [[nodiscard]] std::string_view peer() const override { return "127.0.0.1:1"; }

  std::vector<std::string> sent;  ///< one whole frame, or a heart-beat, each
  std::optional<gateway::CloseReason> closed;
  bool paused = false;
  std::size_t queued = 0;  ///< as if so much waited

 private:
  bool unasked_ = false;
};

}  // namespace stampede::test
