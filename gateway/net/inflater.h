#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <zlib.h>

namespace stampede::gateway {

/// Inflates messages, one after the other: raw DEFLATE, in the pieces that come, into whatever room
/// there is. 7 KiB of memory, and 32 KiB more once it has inflated something. One thread.
class Inflater {
 public:
  /// Throws std::bad_alloc.
  Inflater();
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  struct Step {
    std::size_t taken = 0;  ///< of `in`; all of it when nothing was given
    std::size_t given = 0;  ///< into `out`
    bool valid = true;      ///< false: not DEFLATE, and nothing was given
  };
  /// Forgets what was before.
  void start_message();
  /// Goes on with the message. `out` is not empty. What is still to come is given when called
  /// again, with nothing in `in` too.
  Step inflate(std::span<const char> in, std::span<char> out);

  /// Whether the message may end here: between blocks, nothing half read.
  [[nodiscard]] bool between_blocks() const noexcept;
  /// Whether a block that calls itself the last was the last thing read.
  [[nodiscard]] bool at_last_block() const noexcept { return at_last_block_; }

 private:
  z_stream stream_{};
  bool at_last_block_ = false;
};

/// Inflaters of a shard, lent to connections that are in the middle of a compressed message, and
/// the room that they inflate into. Owned by the shard, its thread only. Nothing is allocated
/// before the first is lent.
class InflaterPool {
 public:
  /// Ready for a new message. Give it back, or destroy it, whether or not the pool is still there.
  [[nodiscard]] std::unique_ptr<Inflater> lend();
  /// Null is fine.
  void give_back(std::unique_ptr<Inflater> inflater) noexcept;
  /// For one step and what is done with it. Not before the first `lend`.
  [[nodiscard]] std::span<char> output() noexcept;

 private:
  std::vector<std::unique_ptr<Inflater>> spare_;
  std::unique_ptr<char[]> output_;
};

}  // namespace stampede::gateway
