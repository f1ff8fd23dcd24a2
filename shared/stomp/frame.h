#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stampede::stomp {

/// A negotiated protocol version; decides escaping and which headers are required.
enum class Version { kV10, kV11, kV12 };

/// "1.0", "1.1" or "1.2".
std::string_view to_string(Version version) noexcept;

/// Commands are case-sensitive. Client frames first, then server frames.
enum class Command {
  kConnect,
  kStomp,
  kSend,
  kSubscribe,
  kUnsubscribe,
  kAck,
  kNack,
  kBegin,
  kCommit,
  kAbort,
  kDisconnect,
  kConnected,
  kMessage,
  kReceipt,
  kError,
};

std::string_view to_string(Command command) noexcept;
/// Any of the commands above, client's or server's; nullopt for anything else.
std::optional<Command> parse_command(std::string_view text) noexcept;

struct HeaderView {
  std::string_view name;
  std::string_view value;
};

/// A decoded frame. Everything is a view into the decoder that made it and is valid until that
/// decoder is fed or asked again.
struct FrameView {
  Command command{};
  std::vector<HeaderView> headers;  ///< in the order sent, repeated ones included
  std::string_view body;

  /// The first header of that name (STOMP 1.2, "Repeated Header Entries"), unescaped.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
};

}  // namespace stampede::stomp
