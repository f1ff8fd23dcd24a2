// The names that the specifications give; nothing here depends on a version.
#include "shared/stomp/frame.h"

#include <algorithm>
#include <array>

namespace stampede::stomp {
namespace {

/// Indexed by Command.
constexpr std::array<std::string_view, 15> kNames{
    "CONNECT", "STOMP", "SEND",       "SUBSCRIBE", "UNSUBSCRIBE", "ACK",     "NACK", "BEGIN",
    "COMMIT",  "ABORT", "DISCONNECT", "CONNECTED", "MESSAGE",     "RECEIPT", "ERROR"};
static_assert(kNames[static_cast<std::size_t>(Command::kError)] == "ERROR");

}  // namespace

std::string_view to_string(Version version) noexcept {
  switch (version) {
    case Version::kV10: return "1.0";
    case Version::kV11: return "1.1";
    case Version::kV12: return "1.2";
  }
  return {};
}

std::string_view to_string(Command command) noexcept {
  return kNames[static_cast<std::size_t>(command)];
}

std::optional<Command> parse_command(std::string_view text) noexcept {
  const auto found = std::find(kNames.begin(), kNames.end(), text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Command>(found - kNames.begin());
}

std::optional<std::string_view> FrameView::find(std::string_view name) const noexcept {
  for (const HeaderView& header : headers) {
    if (header.name == name) return header.value;
  }
  return std::nullopt;
}

}  // namespace stampede::stomp
