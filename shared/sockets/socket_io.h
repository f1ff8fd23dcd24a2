#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace stampede::sockets {

enum class IoStatus : std::uint8_t {
  kDone,        ///< `bytes` were moved
  kWouldBlock,  ///< wait until the socket is ready
  kEnd,         ///< the peer has said everything it will say
  kFailed,      ///< the connection is broken
};

struct IoResult {
  IoStatus status = IoStatus::kFailed;
  std::size_t bytes = 0;
};

/// For a write, which only reads the bytes though an iovec cannot say so.
[[nodiscard]] inline iovec buffer_of(std::string_view bytes) noexcept {
  return {const_cast<char*>(bytes.data()), bytes.size()};
}

/// One system call each, never blocking, never a signal, whatever mode the socket is in.
[[nodiscard]] IoResult read_some(int socket, std::span<char> into) noexcept;
[[nodiscard]] IoResult write_some(int socket, std::span<iovec> buffers) noexcept;

/// Lets the kernel find out that a silent peer is gone: after about two minutes. For clients that
/// agreed on no heart-beats.
void probe_when_silent(int socket) noexcept;

}  // namespace stampede::sockets
