// Ids are made and checked here only, so that a RoomName or UserId in hand is a valid one.
#include "shared/base/ids.h"

#include <sys/random.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <stdexcept>

#include "shared/base/utf8.h"

namespace stampede {
namespace {

bool is_room_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == ':' || c == '-';
}

void fill_random(void* data, std::size_t bytes) {
  auto* at = static_cast<std::uint8_t*>(data);
  while (bytes > 0) {
    const ssize_t got = ::getrandom(at, bytes, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      std::abort();  // no entropy source: ids would repeat, and nothing can be promised then
    }
    at += got;
    bytes -= static_cast<std::size_t>(got);
  }
}

/// Random bytes for ids, fetched 4 KiB at a time: one system call per message id would show.
void draw_random(std::uint8_t* out, std::size_t bytes) {
  thread_local std::array<std::uint8_t, 4096> pool;
  thread_local std::size_t used = pool.size();
  if (used + bytes > pool.size()) {
    fill_random(pool.data(), pool.size());
    used = 0;
  }
  std::copy_n(pool.data() + used, bytes, out);
  used += bytes;
}

std::string printable(char c) {
  if (c > ' ' && c < 127) return std::string("'") + c + "'";
  static constexpr char kHex[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return std::string("byte 0x") + kHex[byte >> 4] + kHex[byte & 15];
}

}  // namespace

Result<RoomName> parse_room_name(std::string_view text) {
  if (text.empty() || text.size() > kMaxRoomNameBytes) {
    return Error(Errc::kInvalidArgument,
                 "a room name has 1 to " + std::to_string(kMaxRoomNameBytes) +
                     " characters, this one has " + std::to_string(text.size()));
  }
  const auto bad = std::find_if_not(text.begin(), text.end(), is_room_character);
  if (bad != text.end()) {
    return Error(Errc::kInvalidArgument,
                 "a room name may contain letters, digits and . _ : - only; character " +
                     std::to_string(bad - text.begin() + 1) + " is " +
                     (*bad == ' ' ? std::string("a space") : printable(*bad)));
  }
  return RoomName(std::string(text));
}

Result<UserId> parse_user_id(std::string_view text) {
  if (text.empty() || text.size() > kMaxUserIdBytes) {
    return Error(Errc::kInvalidArgument, "a user name has 1 to " + std::to_string(kMaxUserIdBytes) +
                                             " bytes, this one has " + std::to_string(text.size()));
  }
  if (!is_utf8(text)) return Error(Errc::kInvalidArgument, "a user name must be UTF-8");
  const auto bad = std::find_if(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (bad != text.end()) {
    return Error(Errc::kInvalidArgument, "a user name may not contain control characters; byte " +
                                             std::to_string(bad - text.begin() + 1) + " is " +
                                             printable(*bad));
  }
  return UserId(std::string(text));
}

MessageId new_message_id() {
  // RFC 9562 section 6.2 method 1: within one millisecond the 12 bits of rand_a count up, so that
  // the ids of one thread increase.
  thread_local std::uint64_t last_ms = 0;
  thread_local std::uint16_t counter = 0;
  const auto now =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count());
  if (now > last_ms) {
    last_ms = now;
    std::uint8_t start[1];
    draw_random(start, sizeof start);
    counter = start[0];  // the upper four bits stay free to count in
  } else if (++counter > 0xfff) {
    ++last_ms;
    counter = 0;
  }
  MessageId id;
  for (int i = 0; i < 6; ++i) {
    id.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(last_ms >> (40 - 8 * i));
  }
  id.bytes[6] = static_cast<std::uint8_t>(0x70 | (counter >> 8));
  id.bytes[7] = static_cast<std::uint8_t>(counter & 0xff);
  draw_random(&id.bytes[8], 8);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

std::string to_string(const MessageId& id) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out(36, '-');
  char* to = out.data();
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) ++to;
    *to++ = kHex[id.bytes[i] >> 4];
    *to++ = kHex[id.bytes[i] & 15];
  }
  return out;
}

Result<MessageId> parse_message_id(std::string_view text) {
  const Error error(Errc::kInvalidArgument, "a message id is a UUID of 36 characters");
  if (text.size() != 36) return error;
  MessageId id;
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != '-') return error;
      continue;
    }
    int value = 0;
    if (c >= '0' && c <= '9') {
      value = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      value = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      value = c - 'A' + 10;
    } else {
      return error;
    }
    auto& byte = id.bytes[nibble / 2];
    byte = static_cast<std::uint8_t>(nibble % 2 == 0 ? value << 4 : byte | value);
    ++nibble;
  }
  return id;
}

std::string random_hex(std::size_t bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string raw(bytes, '\0');
  fill_random(raw.data(), raw.size());
  std::string out;
  out.reserve(2 * bytes);
  for (const char c : raw) {
    out += kHex[static_cast<unsigned char>(c) >> 4];
    out += kHex[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

}  // namespace stampede
