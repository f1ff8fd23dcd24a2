#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stampede::gateway {

/// The bytes of one outgoing STOMP frame, or of several that belong to one turn, shared by every
/// session that sends the same. A WebSocket header stands in front of each: a server does not mask,
/// so those bytes are the same for everyone too. Text when the frame is UTF-8, else binary
/// (browsers drop a connection that sends malformed text).
///
/// The reference count is not atomic: a slice never leaves its shard's thread.
class Slice {
 public:
  Slice() = default;
  /// `stomp` is one whole frame.
  static Slice of_stomp_frame(std::string_view stomp);
  /// All of them, in order, each whole: for a member they are one entry of its outbox and one
  /// buffer of its write.
  static Slice of_stomp_frames(const std::vector<std::string>& frames);
  /// One LF: a heart-beat.
  static Slice of_heart_beat();
  /// Bytes that mean something to a WebSocket only: a control frame, the answer to its handshake.
  static Slice of_websocket_only(std::string bytes);

  Slice(const Slice& other) noexcept : block_(other.block_) {
    if (block_ != nullptr) ++block_->references;
  }
  Slice(Slice&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Slice& operator=(Slice other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Slice() {
    if (block_ != nullptr && --block_->references == 0) delete block_;
  }

  /// For a WebSocket: header and frame, of each.
  [[nodiscard]] std::string_view websocket() const noexcept { return block_->websocket; }
  /// For a WebSocket that agreed on permessage-deflate: the same compressed, where that was done.
  [[nodiscard]] std::string_view deflated() const noexcept {
    return block_->deflated.empty() ? websocket() : std::string_view(block_->deflated);
  }
  /// For a raw TCP stream: frames alone. Those of several are put together when somebody asks
  /// first.
  [[nodiscard]] std::string_view stomp() const;

  /// Whether `stomp` is a copy, held beside the form for WebSockets.
  [[nodiscard]] bool copies_stomp() const noexcept { return block_->frames > 1; }

  /// Bytes of the largest STOMP frame.
  [[nodiscard]] std::size_t largest_frame() const noexcept { return block_->largest_frame; }
  using Visit = std::function<void(std::string_view websocket, std::string_view stomp)>;
  /// Each frame in both forms, in order.
  void for_each_frame(const Visit& visit) const;

  /// Whether compressing was tried already: once is enough, for everyone.
  [[nodiscard]] bool deflate_tried() const noexcept { return block_->deflate_tried; }
  /// A frame as RFC 7692 section 7.2.1 has it, or empty when that would not be smaller.
  using Compress = std::function<std::string_view(std::string_view stomp)>;
  /// Once, and before a connection that takes `deflated` queues it. Each frame is compressed by
  /// itself.
  void set_deflated(const Compress& compress);

 private:
  struct Block {
    std::uint32_t references = 1;
    std::uint32_t frames = 1;
    std::uint32_t largest_frame = 0;
    bool deflate_tried = false;
    std::string websocket{};
    std::string deflated{};
    std::string stomp{};  ///< of several frames, once somebody has asked
  };
  explicit Slice(Block* block) : block_(block) {}

  Block* block_ = nullptr;
};

}  // namespace stampede::gateway
