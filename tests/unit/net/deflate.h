#pragma once

#include <zlib.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace stampede::test {

/// A message's payload as RFC 7692 section 7.2.1 has it, made with zlib directly: a flush, less its
/// last four bytes.
inline std::string deflated(std::string_view plain, int window_bits = 15, int level = 9) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, -window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("deflateInit2");
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(plain.size())) + 16, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_SYNC_FLUSH);
  out.resize(out.size() - stream.avail_out - 4);
  deflateEnd(&stream);
  return out;
}

/// The opposite, for a receiver with a window of that size.
inline std::string inflated(std::string payload, int window_bits = 15) {
  payload += std::string("\x00\x00\xff\xff", 4);
  z_stream stream{};
  if (inflateInit2(&stream, -window_bits) != Z_OK) throw std::runtime_error("inflateInit2");
  stream.next_in = reinterpret_cast<Bytef*>(payload.data());
  stream.avail_in = static_cast<uInt>(payload.size());
  std::string out;
  char piece[100];  // small, so that it is the window and not the room that is referred to
  int status = Z_OK;
  do {
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = sizeof piece;
    status = ::inflate(&stream, Z_SYNC_FLUSH);
    out.append(piece, sizeof piece - stream.avail_out);
  } while (status == Z_OK && stream.avail_out == 0);
  inflateEnd(&stream);
  if (status != Z_OK && status != Z_BUF_ERROR) throw std::runtime_error("not DEFLATE");
  return out;
}

}  // namespace stampede::test
