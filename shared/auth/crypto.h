#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace stampede::auth {

/// Gets libsodium ready; everything below and in `passcode.h` does it by itself. Any thread, any
/// number of times. Throws std::runtime_error when there is no source of randomness.
void start_crypto();

/// Bytes of base64url without padding (RFC 7515, section 2); nothing when a character does not
/// belong, the length is impossible or spare bits are set.
std::optional<std::string> decode_base64url(std::string_view text);
/// Bytes of base64 with padding, as HTTP's Basic scheme has it.
std::optional<std::string> decode_base64(std::string_view text);

/// 16 bytes that stand for `text` in this process and mean nothing outside of it: keyed with what
/// the process has drawn at its start, so that secrets can be compared and remembered by it.
std::string fingerprint(std::string_view text);

/// Whether both are the same, in a time that tells nothing about where they differ.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace stampede::auth
