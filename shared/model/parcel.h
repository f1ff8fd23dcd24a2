#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "shared/model/message.h"

namespace stampede {

/// Several messages on their way to storage as one payload, because a broker's work is by payload
/// and not by message:
///
///     u8 3 | then for each message: u32 length (big-endian), wire form (shared/model/wire.h)
///
/// One message alone is not wrapped: its payload is its wire form, whose first byte is another.
inline constexpr char kParcelWireVersion = 3;
/// A message that is larger by itself travels alone.
inline constexpr std::size_t kMaxParcelBytes = 32 * 1024;
inline constexpr std::size_t kMaxParcelMessages = 256;

/// Puts messages together, in the order given, until its bounds.
class ParcelWriter {
 public:
  /// Whether `message` may join. An empty parcel takes any.
  [[nodiscard]] bool has_room(const Message& message) const;
  void add(const Message& message);
  [[nodiscard]] std::size_t messages() const { return messages_; }
  /// The payload; the writer is empty afterwards.
  std::string take();

 private:
  std::string bytes_;
  std::size_t messages_ = 0;
};

/// The wire forms in a payload, none of them looked into: a message's own, or those of a parcel's
/// messages. They point into `payload`. kProtocol: `detail` says how the parcel is broken, in which
/// case nothing of it can be told apart.
Result<std::vector<std::string_view>> open_parcel(std::string_view payload);

}  // namespace stampede
