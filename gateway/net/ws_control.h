#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stampede::gateway {

/// Close codes of RFC 6455 section 7.4.1 that say "there was none"; never on the wire.
inline constexpr std::uint16_t kNoCloseCode = 1005;

/// Whether a peer may send the code in a close frame.
[[nodiscard]] bool is_close_code(std::uint16_t code) noexcept;

/// Server-side control frames, whole. A reason longer than the 123 bytes that fit is cut between
/// characters; with kNoCloseCode the frame is empty.
[[nodiscard]] std::string ws_close_frame(std::uint16_t code, std::string_view reason);
/// `payload` is at most 125 bytes: that of the ping.
[[nodiscard]] std::string ws_pong_frame(std::string_view payload);

}  // namespace stampede::gateway
