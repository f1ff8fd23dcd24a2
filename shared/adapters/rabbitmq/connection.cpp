// Asio does all I/O, so that every step has a deadline, the loop never waits, and a turn's frames
// leave in one write; see docs/decisions/0002-drive-rabbitmq-c-as-a-codec.md.
#include "shared/adapters/rabbitmq/connection.h"

#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>

#include <cstring>

namespace stampede::rabbitmq {
namespace {

namespace asio = boost::asio;

/// Whole frames of the largest size fit, with room to read on behind one.
constexpr std::size_t kReadBufferBytes = 2 * kFrameMaxBytes;
constexpr std::size_t kKeepWriteBytes = 1024 * 1024;

Clock::Instant now() { return std::chrono::steady_clock::now(); }

}  // namespace

Connection::Connection(asio::io_context& context, const Settings& settings, Owner& owner)
    : settings_(settings),
      owner_(&owner),
      resolver_(context),
      socket_(context),
      timer_(context),
      handshake_(settings.endpoint, settings.name, settings.heartbeat),
      in_(kReadBufferBytes) {}

void Connection::start() {
  timer_.expires_after(settings_.connect_timeout);
  timer_.async_wait([self = shared_from_this()](const ErrorCode& ec) {
    if (ec || self->state_ == State::kOpen) return;
    self->fail(
        {Errc::kTimeout, "no connection to " + self->settings_.endpoint.address() + " within " +
                             std::to_string(self->settings_.connect_timeout.count()) + " ms"});
  });
  resolver_.async_resolve(
      settings_.endpoint.host, std::to_string(settings_.endpoint.port),
      [self = shared_from_this()](const ErrorCode& ec, const Tcp::resolver::results_type& found) {
        if (self->state_ == State::kClosed) return;
        if (ec) return self->fail_with("cannot resolve " + self->settings_.endpoint.host, ec);
        self->on_resolved(found);
      });
}

void Connection::on_resolved(const Tcp::resolver::results_type& addresses) {
  asio::async_connect(
      socket_, addresses, [self = shared_from_this()](const ErrorCode& ec, const Tcp::endpoint&) {
        if (self->state_ == State::kClosed) return;
        if (ec) {
          return self->fail_with("cannot connect to " + self->settings_.endpoint.address(), ec);
        }
        self->on_connected();
      });
}

void Connection::on_connected() {
  ErrorCode ignored;
  socket_.set_option(Tcp::no_delay(true), ignored);
  if (!settings_.endpoint.tls) return start_handshake();
  if (auto ok = prepare_tls(); !ok) return fail(ok.error());
  start_tls();
}

Result<void> Connection::prepare_tls() {
  const Endpoint& endpoint = settings_.endpoint;
  ErrorCode ec;
  tls_context_.emplace(asio::ssl::context::tls_client);
  if (endpoint.ca_file.empty()) {
    tls_context_->set_default_verify_paths(ec);
  } else {
    tls_context_->load_verify_file(endpoint.ca_file, ec);
  }
  if (ec) {
    return Error(
        Errc::kInvalidArgument,
        "cannot read the certificate authorities" +
            (endpoint.ca_file.empty() ? std::string(" of the system") : " in " + endpoint.ca_file) +
            ": " + ec.message());
  }
  tls_.emplace(socket_, *tls_context_);
  if (endpoint.verify_peer) {
    tls_->set_verify_mode(asio::ssl::verify_peer, ec);
    tls_->set_verify_callback(asio::ssl::host_name_verification(endpoint.host), ec);
  }
  asio::ip::make_address(endpoint.host, ec);
  const bool is_name = static_cast<bool>(ec);
  if (is_name) {  // what the macro SSL_set_tlsext_host_name does, without its C cast
    SSL_ctrl(tls_->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(endpoint.host.c_str()));
  }
  return {};
}

void Connection::start_tls() {
  tls_->async_handshake(
      asio::ssl::stream_base::client, [self = shared_from_this()](const ErrorCode& ec) {
        if (self->state_ == State::kClosed) return;
        if (ec) {
          return self->fail_with("TLS with " + self->settings_.endpoint.address() + " failed", ec);
        }
        self->start_handshake();
      });
}

void Connection::start_handshake() {
  state_ = State::kHandshake;
  out_.append(kProtocolHeader);
  flush();
  read();
}

void Connection::fail_with(const std::string& what, const ErrorCode& ec) {
  fail({Errc::kUnavailable, what + ": " + ec.message()});
}

void Connection::fail(const Error& error) {
  if (state_ == State::kClosed) return;
  const auto self = shared_from_this();  // the owner may let go of us in on_closed
  Owner* owner = owner_;
  abandon();
  owner->on_closed(error);
}

void Connection::abandon() {
  if (state_ == State::kClosed) return;
  // A write under way may have sent half a frame, after which nothing else may follow.
  if (state_ == State::kOpen && !tls_ && writing_.empty()) {
    append_method(out_, 0, AMQP_CONNECTION_CLOSE_METHOD,
                  amqp_connection_close_t{AMQP_REPLY_SUCCESS, to_amqp("bye"), 0, 0});
    static_cast<void>(
        ::send(socket_.native_handle(), out_.data(), out_.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
  }
  state_ = State::kClosed;
  owner_ = nullptr;
  ErrorCode ignored;
  timer_.cancel();
  resolver_.cancel();
  socket_.close(ignored);
}

void Connection::flush() {
  if (flush_posted_ || state_ == State::kClosed) return;
  flush_posted_ = true;
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->write();
  });
}

void Connection::write() {
  if (state_ == State::kClosed || !writing_.empty() || out_.empty()) return;
  writing_.swap(out_);
  wrote_since_tick_ = true;
  auto written = [self = shared_from_this()](const ErrorCode& ec, std::size_t) {
    if (self->state_ == State::kClosed) return;
    if (ec) return self->fail_with("write failed", ec);
    if (self->writing_.capacity() > kKeepWriteBytes) {
      self->writing_ = {};
    } else {
      self->writing_.clear();
    }
    self->owner_->on_written();
    self->write();
  };
  if (tls_) {
    asio::async_write(*tls_, asio::buffer(writing_), std::move(written));
  } else {
    asio::async_write(socket_, asio::buffer(writing_), std::move(written));
  }
}

void Connection::read() {
  if (reading_ || read_paused_ || state_ == State::kClosed) return;
  reading_ = true;
  auto done = [self = shared_from_this()](const ErrorCode& ec, std::size_t count) {
    self->reading_ = false;
    if (self->state_ == State::kClosed) return;
    if (ec == asio::error::eof) {
      return self->fail({Errc::kUnavailable, "the broker closed the connection"});
    }
    if (ec) return self->fail_with("read failed", ec);
    self->on_read(count);
  };
  const auto room = asio::buffer(in_.data() + in_end_, in_.size() - in_end_);
  if (tls_) {
    tls_->async_read_some(room, std::move(done));
  } else {
    socket_.async_read_some(room, std::move(done));
  }
}

void Connection::on_read(std::size_t count) {
  last_read_ = now();
  in_end_ += count;
  handle_input();
  if (state_ == State::kClosed) return;
  if (in_begin_ == in_end_) {
    in_begin_ = in_end_ = 0;
  } else if (in_.size() - in_end_ < kFrameMaxBytes) {
    std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
    in_end_ -= in_begin_;
    in_begin_ = 0;
  }
  if (state_ == State::kOpen) owner_->on_read_end();
  read();
}

void Connection::handle_input() {
  std::string_view input(in_.data() + in_begin_, in_end_ - in_begin_);
  while (true) {
    const auto frame = cut_frame(input, kFrameMaxBytes);
    if (!frame) return fail(frame.error());
    if (!*frame) break;
    const auto ok = handle_frame(**frame);
    if (state_ == State::kClosed) return;
    if (!ok) return fail(ok.error());
    pool_.recycle();
  }
  in_begin_ = in_end_ - input.size();
}

Result<void> Connection::handle_frame(const Frame& frame) {
  if (frame.type == AMQP_FRAME_HEARTBEAT) return {};
  if (frame.type == AMQP_FRAME_METHOD) return handle_method(frame);
  if (frame.channel >= kChannels) return Error(Errc::kProtocol, "AMQP: an unknown channel");
  ContentAssembler& channel = channels_[frame.channel];
  const auto content = frame.type == AMQP_FRAME_HEADER ? channel.header(frame.payload, pool_)
                                                       : channel.body(frame.payload);
  if (!content) return content.error();
  if (*content != nullptr) owner_->on_content(frame.channel, **content);
  return {};
}

Result<void> Connection::handle_method(const Frame& frame) {
  const auto method = decode_method(frame.payload, pool_);
  if (!method) return method.error();
  if (state_ == State::kHandshake) {
    const auto done = handshake_.on_method(*method, out_);
    if (!done) return done.error();
    flush();
    if (*done) opened();
    return {};
  }
  if (frame.channel == 0) return handle_connection_method(*method);
  if (frame.channel >= kChannels) return Error(Errc::kProtocol, "AMQP: an unknown channel");
  if (method->id == AMQP_BASIC_DELIVER_METHOD || method->id == AMQP_BASIC_RETURN_METHOD) {
    return channels_[frame.channel].begin(*method);
  }
  if (method->id == AMQP_CHANNEL_CLOSE_METHOD) {
    return close_error(*static_cast<const amqp_channel_close_t*>(method->decoded));
  }
  owner_->on_method(frame.channel, *method);
  return {};
}

Result<void> Connection::handle_connection_method(const Method& method) {
  switch (method.id) {
    case AMQP_CONNECTION_CLOSE_METHOD:
      return close_error(*static_cast<const amqp_connection_close_t*>(method.decoded));
    case AMQP_CONNECTION_BLOCKED_METHOD:
      owner_->on_blocked(
          true, from_amqp(static_cast<const amqp_connection_blocked_t*>(method.decoded)->reason));
      return {};
    case AMQP_CONNECTION_UNBLOCKED_METHOD: owner_->on_blocked(false, {}); return {};
    default: return {};
  }
}

void Connection::opened() {
  state_ = State::kOpen;
  timer_.cancel();
  last_read_ = now();
  watch_heartbeats();
  owner_->on_open();
}

void Connection::pause_reading(bool paused) {
  if (read_paused_ == paused) return;
  read_paused_ = paused;
  last_read_ = now();
  read();
}

void Connection::watch_heartbeats() {
  const Seconds heartbeat = handshake_.tuned().heartbeat;
  if (heartbeat.count() == 0) return;
  timer_.expires_after(Milliseconds(heartbeat) / 2);
  timer_.async_wait([self = shared_from_this()](const ErrorCode& ec) {
    if (!ec && self->state_ == State::kOpen) self->on_heartbeat_tick();
  });
}

void Connection::on_heartbeat_tick() {
  const Seconds limit = 2 * handshake_.tuned().heartbeat;
  if (!read_paused_ && now() - last_read_ > limit) {
    return fail({Errc::kTimeout,
                 "the broker was silent for " + std::to_string(limit.count()) + " seconds"});
  }
  if (!wrote_since_tick_ && writing_.empty()) {
    append_heartbeat(out_);
    flush();
  }
  wrote_since_tick_ = false;
  watch_heartbeats();
}

}  // namespace stampede::rabbitmq
