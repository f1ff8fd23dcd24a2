#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace stampede::bench {

// The client's half of RFC 6455, as little as a load generator needs: it trusts the server's
// framing, and its mask is all zeros, which the specification's wire format allows and which costs
// the generator nothing (the server unmasks all the same).

enum class Opcode : std::uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10
};

std::string upgrade_request(std::string_view host, std::string_view path,
                            std::string_view subprotocol);

/// Appends one masked frame.
void append_frame(std::string& out, Opcode opcode, std::string_view payload);

struct ServerFrame {
  Opcode opcode = Opcode::kText;
  std::string_view payload;
  std::size_t length = 0;  ///< of the whole frame; 0: `bytes` holds no complete one
};

/// The frame at the front of `bytes`; the payload is a view into them.
ServerFrame first_frame(std::string_view bytes) noexcept;

}  // namespace stampede::bench
