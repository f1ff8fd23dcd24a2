#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stampede::gateway {

/// The bytes of one outgoing STOMP frame, shared by every session that sends the same frame. The
/// WebSocket header stands in front of it: a server does not mask, so those bytes are the same for
/// everyone too. Text when the frame is UTF-8, else binary (browsers drop a connection that sends
/// malformed text).
///
/// The reference count is not atomic: a slice never leaves its shard's thread.
class Slice {
 public:
  Slice() = default;
  /// `stomp` is one whole frame.
  static Slice of_stomp_frame(std::string_view stomp);
  /// One of each, in order. For a WebSocket they follow each other in memory, so that those which a
  /// connection sends together are one buffer of its write; and they are freed together.
  static std::vector<Slice> of_stomp_frames(const std::vector<std::string>& frames);
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

  /// For a WebSocket: header and frame.
  [[nodiscard]] std::string_view websocket() const noexcept { return block_->bytes; }
  /// For a WebSocket that agreed on permessage-deflate: the same compressed, where that was done.
  [[nodiscard]] std::string_view deflated() const noexcept {
    return block_->deflated.empty() ? block_->bytes : std::string_view(block_->deflated);
  }
  /// For a raw TCP stream: the frame alone.
  [[nodiscard]] std::string_view stomp() const noexcept {
    return block_->bytes.substr(block_->header_bytes);
  }

  /// Whether compressing was tried already: once is enough, for everyone.
  [[nodiscard]] bool deflate_tried() const noexcept { return block_->deflate_tried; }
  /// `payload` is the frame as RFC 7692 section 7.2.1 has it, or empty when that would not be
  /// smaller. Once, and before a connection that takes `deflated` queues it.
  void set_deflated(std::string_view payload);

 private:
  struct Block {
    Block(std::string websocket, std::size_t header)
        : header_bytes(static_cast<std::uint32_t>(header)), own(std::move(websocket)), bytes(own) {}
    Block(std::shared_ptr<const std::string> run, std::string_view websocket, std::size_t header)
        : header_bytes(static_cast<std::uint32_t>(header)),
          neighbours(std::move(run)),
          bytes(websocket) {}
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;

    std::uint32_t references = 1;
    std::uint32_t header_bytes;
    const std::string own{};
    const std::shared_ptr<const std::string> neighbours{};  ///< holds `bytes` where `own` does not
    std::string_view bytes;
    std::string deflated{};
    bool deflate_tried = false;
  };
  explicit Slice(Block* block) : block_(block) {}

  Block* block_ = nullptr;
};

}  // namespace stampede::gateway
