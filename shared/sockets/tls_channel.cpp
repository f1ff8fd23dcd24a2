// OpenSSL reads from the socket and writes into memory: records of one call go out with one system
// call, and it never has to be asked again for a write that it had begun, so that what waits to be
// sent may change in between.
#include "shared/sockets/tls_channel.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace stampede::sockets {
namespace {

constexpr std::size_t kMaxRecordBytes = SSL3_RT_MAX_PLAIN_LENGTH;
constexpr std::size_t kMaxBytesPerWrite = 4 * kMaxRecordBytes;
/// What OpenSSL may want to say of itself to a peer that does not read, such as answers to its
/// requests for new keys.
constexpr std::size_t kMaxHeldBackBytes = 2 * kMaxBytesPerWrite;

/// What OpenSSL has encrypted during the call that is under way; empty between calls.
std::string& encrypted() {
  thread_local std::string records;
  return records;
}

/// The bytes of many small buffers, one record at a time.
std::span<char> record_buffer() {
  thread_local std::array<char, kMaxRecordBytes> buffer;
  return buffer;
}

}  // namespace

struct SocketBio {
  static int read(BIO* bio, char* into, int size) {
    auto& channel = *static_cast<TlsChannel*>(::BIO_get_data(bio));
    ::BIO_clear_retry_flags(bio);
    const IoResult got =
        sockets::read_some(channel.socket_, {into, static_cast<std::size_t>(std::max(size, 0))});
    if (got.status == IoStatus::kDone) return static_cast<int>(got.bytes);
    if (got.status == IoStatus::kWouldBlock) ::BIO_set_retry_read(bio);
    channel.peer_ended_ = got.status == IoStatus::kEnd;
    return channel.peer_ended_ ? 0 : -1;
  }
  static int write(BIO*, const char* bytes, int size) {
    encrypted().append(bytes, static_cast<std::size_t>(std::max(size, 0)));
    return size;
  }
  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command != BIO_CTRL_EOF) return 0;
    return static_cast<TlsChannel*>(::BIO_get_data(bio))->peer_ended_ ? 1 : 0;
  }

  static const BIO_METHOD* method() {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* made = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
      ::BIO_meth_set_read(made, read);
      ::BIO_meth_set_write(made, write);
      ::BIO_meth_set_ctrl(made, control);
      return made;
    }();
    return method;
  }
};

TlsChannel::TlsChannel(SslHandle ssl, int socket) : ssl_(std::move(ssl)), socket_(socket) {
  BIO* const bio = ::BIO_new(SocketBio::method());
  ::BIO_set_data(bio, this);
  ::BIO_set_init(bio, 1);
  ::SSL_set_bio(ssl_.get(), bio, bio);
  ::SSL_set_accept_state(ssl_.get());
}

IoStatus TlsChannel::handshake() {
  if (failed_) return IoStatus::kFailed;
  if (holds_back()) {
    if (const IoStatus sent = send_held_back(); sent != IoStatus::kDone) return sent;
  }
  ::ERR_clear_error();
  const int result = ::SSL_do_handshake(ssl_.get());
  const int error = ::SSL_get_error(ssl_.get(), result);
  if (result != 1 && error != SSL_ERROR_WANT_READ) {
    const IoStatus failed = fail();
    static_cast<void>(send_encrypted());  // the alert that tells the peer
    return failed;
  }
  const IoStatus sent = send_encrypted();
  if (sent == IoStatus::kFailed || result != 1) {
    return sent == IoStatus::kFailed ? sent : IoStatus::kWouldBlock;
  }
  has_read_ahead_ = ::SSL_has_pending(ssl_.get()) == 1;
  return sent;
}

IoResult TlsChannel::read_some(std::span<char> into) {
  if (failed_) return {IoStatus::kFailed};
  ::ERR_clear_error();
  std::size_t total = 0;
  int result = 1;
  while (result == 1 && total < into.size()) {
    std::size_t got = 0;
    result = ::SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &got);
    total += got;
    if (result == 1 && ::SSL_has_pending(ssl_.get()) == 0) break;
  }
  const int error = result == 1 ? SSL_ERROR_NONE : ::SSL_get_error(ssl_.get(), result);
  // An end that stands behind these bytes is met by the next read, for which nothing will wake us.
  has_read_ahead_ =
      result == 1 ? ::SSL_has_pending(ssl_.get()) == 1 : error != SSL_ERROR_WANT_READ && total > 0;
  if (total == 0 && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_ZERO_RETURN) {
    return {fail()};
  }
  if (send_encrypted() == IoStatus::kFailed) return {IoStatus::kFailed};
  if (total > 0) return {IoStatus::kDone, total};
  return {error == SSL_ERROR_ZERO_RETURN ? IoStatus::kEnd : IoStatus::kWouldBlock};
}

IoResult TlsChannel::write_some(std::span<iovec> buffers) {
  if (failed_) return {IoStatus::kFailed};
  if (holds_back()) {
    if (const IoStatus sent = send_held_back(); sent != IoStatus::kDone) return {sent};
  }
  std::size_t taken = 0;
  std::size_t filled = 0;
  const std::span<char> record = record_buffer();
  const auto write_filled = [&] { return write_record({record.data(), std::exchange(filled, 0)}); };
  for (const iovec& buffer : buffers) {
    std::string_view left(static_cast<const char*>(buffer.iov_base), buffer.iov_len);
    while (!left.empty() && taken < kMaxBytesPerWrite) {
      const std::size_t part =
          std::min({left.size(), record.size() - filled, kMaxBytesPerWrite - taken});
      std::memcpy(record.data() + filled, left.data(), part);
      filled += part;
      taken += part;
      left.remove_prefix(part);
      if (filled == record.size() && !write_filled()) return {fail()};
    }
  }
  if (filled > 0 && !write_filled()) return {fail()};
  if (send_encrypted() == IoStatus::kFailed) return {IoStatus::kFailed};
  return {IoStatus::kDone, taken};
}

bool TlsChannel::write_record(std::string_view plain) {
  ::ERR_clear_error();
  std::size_t written = 0;
  return ::SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &written) == 1 &&
         written == plain.size();
}

void TlsChannel::say_goodbye() {
  if (failed_ || ::SSL_is_init_finished(ssl_.get()) == 0) return;
  if ((::SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0) return;
  ::ERR_clear_error();
  static_cast<void>(::SSL_shutdown(ssl_.get()));
  static_cast<void>(send_encrypted());
}

/// Sends what OpenSSL has made in this call; what the kernel does not take is kept.
IoStatus TlsChannel::send_encrypted() {
  std::string& records = encrypted();
  std::string_view left = records;
  IoStatus status = holds_back() ? IoStatus::kWouldBlock : IoStatus::kDone;
  while (status == IoStatus::kDone && !left.empty()) {
    std::array<iovec, 1> buffer{buffer_of(left)};
    const IoResult sent = sockets::write_some(socket_, buffer);
    status = sent.status;
    left.remove_prefix(sent.bytes);
  }
  if (status == IoStatus::kWouldBlock) held_back_.append(left);
  records.clear();
  if (held_back_.size() > kMaxHeldBackBytes) status = IoStatus::kFailed;
  failed_ = failed_ || status == IoStatus::kFailed;
  return status;
}

IoStatus TlsChannel::send_held_back() {
  encrypted() = std::exchange(held_back_, {});
  return send_encrypted();
}

IoStatus TlsChannel::fail() {
  failed_ = true;
  // The first is the cause, what follows it the ways that it went.
  if (const unsigned long error = ::ERR_peek_error(); error != 0) {
    met_plain_http_ =
        ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_HTTP_REQUEST;
    const char* const reason = ::ERR_reason_error_string(error);
    failure_ = reason != nullptr ? reason : "unknown error";
  }
  ::ERR_clear_error();
  return IoStatus::kFailed;
}

}  // namespace stampede::sockets
