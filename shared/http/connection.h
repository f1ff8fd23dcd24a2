#pragma once

#include <algorithm>
#include <array>
#include <exception>
#include <iterator>
#include <optional>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "shared/http/problem.h"
#include "shared/http/server_core.h"
#include "shared/sockets/client_socket.h"

namespace stampede::http {

/// One client in HTTP: reads a request, has it answered, writes, reads the next. Owned by its
/// server's list and by its pending operations; on the loop's thread. Internal to shared/http.
class ClientConnection final : public Connection,
                               public std::enable_shared_from_this<ClientConnection> {
 public:
  ClientConnection(std::shared_ptr<ServerCore> core, sockets::ClientSocket socket,
                   const sockets::Listener::Endpoint& peer, sockets::AddressBudget::Lease lease)
      : core_(std::move(core)), socket_(std::move(socket)), peer_(peer), lease_(std::move(lease)) {}

  void start() {
    // The first request has to come as quickly as the rest of it.
    deadline_ = now() + core_->options.request_deadline;
    read();
  }

  void expire() override {
    guarded([this] {
      switch (phase_) {
        case Phase::kReading:
          core_->metrics.over_time.add();
          return refuse(408, "The request was not complete after " +
                                 std::to_string(core_->options.request_deadline.count()) + " ms.");
        case Phase::kHandling: return refuse(503, "There was no answer in time.");
        case Phase::kIdle:
          if (!spoken_) core_->metrics.over_time.add();
          return close();
        default: return close();
      }
    });
  }

  void drain() override {
    if (phase_ == Phase::kIdle) close();
  }

  void close() override {
    if (phase_ == Phase::kClosed) return;
    phase_ = Phase::kClosed;
    socket_.close();
    core_->remove(*this);
  }

 private:
  enum class Phase { kIdle, kReading, kHandling, kWriting, kLingering, kClosed };
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using Field = boost::beast::http::field;

  static constexpr std::size_t kReadBytes = 4096;
  static constexpr std::chrono::seconds kLingerDeadline{2};

  static Instant now() { return std::chrono::steady_clock::now(); }

  /// No exception may end the loop: what throws costs this connection only.
  template <class Work>
  void guarded(Work work) {
    try {
      work();
    } catch (const std::exception& error) {
      log_error("http connection failed", {{"what", error.what()}});
      close();
    }
  }

  void read() {
    read_pending_ = true;
    socket_.wait_readable([self = shared_from_this()](boost::system::error_code ec) {
      self->read_pending_ = false;
      self->guarded([&] { self->on_readable(ec); });
    });
  }

  void on_readable(boost::system::error_code ec) {
    const bool lingering = phase_ == Phase::kLingering;
    // Otherwise a deadline has decided meanwhile.
    if (phase_ != Phase::kIdle && phase_ != Phase::kReading && !lingering) return;
    if (ec) return close();
    const auto space = buffer_.prepare(kReadBytes);
    const sockets::IoResult got =
        socket_.read_some({static_cast<char*>(space.data()), space.size()});
    if (got.status == sockets::IoStatus::kWouldBlock) return read();
    if (got.status != sockets::IoStatus::kDone) return close();
    if (lingering) return read();  // thrown away: nothing is committed
    buffer_.commit(got.bytes);
    parse();
  }

  /// Works on what is in the buffer until it runs out or a request is complete.
  void parse() {
    if (phase_ == Phase::kIdle) {
      if (buffer_.size() == 0) return read();
      begin_request();
    }
    while (!parser_->is_done() && buffer_.size() > 0) {
      boost::system::error_code ec;
      const bool had_header = parser_->is_header_done();
      buffer_.consume(parser_->put(buffer_.data(), ec));
      if (ec == boost::beast::http::error::need_more) break;
      if (ec) return refuse(ec);
      if (!had_header && parser_->is_header_done() && !accept_header()) return;
    }
    if (parser_->is_done()) return handle();
    if (buffer_.size() > core_->options.max_header_bytes) {  // chunk extensions without an end
      core_->metrics.over_header_bytes.add();
      return refuse(431, too_large("header fields", core_->options.max_header_bytes));
    }
    read();
  }

  void begin_request() {
    phase_ = Phase::kReading;
    spoken_ = true;
    deadline_ = now() + core_->options.request_deadline;
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(core_->options.max_header_bytes));
    parser_->body_limit(core_->options.max_body_bytes);
  }

  /// After the header and before the body. Whether to go on reading this request.
  bool accept_header() {
    const auto& request = parser_->get();
    const auto headers = static_cast<std::size_t>(std::distance(request.begin(), request.end()));
    if (headers > core_->options.max_headers) {
      core_->metrics.over_headers.add();
      refuse(431, "The request has " + std::to_string(headers) + " header fields, it may have " +
                      std::to_string(core_->options.max_headers) + ".");
      return false;
    }
    if (request.version() == 11 && request.count(Field::host) != 1) {
      refuse(400, "An HTTP/1.1 request needs exactly one Host header.");
      return false;
    }
    if (const UpgradeHandler* handler = core_->upgrade_for(request.target())) {
      hand_over(*handler);
      return false;
    }
    const auto expect = request.find(Field::expect);
    if (expect == request.end() || parser_->is_done() || request.version() < 11) return true;
    if (!same_token(expect->value(), "100-continue")) {
      refuse(417, "The only expectation that is met is 100-continue.");
      return false;
    }
    // The socket does not block; a client that has not read what came before goes without.
    std::array<iovec, 1> buffer{sockets::buffer_of("HTTP/1.1 100 Continue\r\n\r\n")};
    static_cast<void>(socket_.write_some(buffer));
    return true;
  }

  void hand_over(const UpgradeHandler& handler) {
    if (!boost::beast::websocket::is_upgrade(parser_->get()) || !parser_->is_done()) {
      keep_alive_ = false;
      Response refusal =
          problem(426, "This is a WebSocket endpoint: connect with a WebSocket client.");
      refusal.headers = {
          {"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Version", "13"}};
      return respond(std::move(refusal));
    }
    std::string peer = client();  // before the header is moved
    if (!lease_for_client()) return;
    const auto rest = buffer_.data();
    UpgradeRequest upgrade{std::move(socket_),
                           boost::beast::http::request<boost::beast::http::empty_body>(
                               std::move(parser_->get().base())),
                           std::string(static_cast<const char*>(rest.data()), rest.size()),
                           std::move(peer), std::move(lease_)};
    phase_ = Phase::kClosed;
    core_->metrics.upgrades.add();
    core_->remove(*this);
    handler(std::move(upgrade));
  }

  /// Who speaks: the peer, or whom a proxy says that it speaks for. The port is the connection's in
  /// either case, which finds it again in a proxy's log.
  [[nodiscard]] std::string client() const {
    const auto address = forwarded_for();
    if (!address) return sockets::to_text(peer_);
    const std::string text = address->text();
    return (address->is_v4() ? text : "[" + text + "]") + ":" + std::to_string(peer_.port());
  }

  [[nodiscard]] std::optional<IpAddress> forwarded_for() const {
    if (core_->options.addresses == nullptr) return std::nullopt;
    std::string forwarded;
    const auto [first, last] = parser_->get().equal_range("X-Forwarded-For");
    for (auto line = first; line != last; ++line) {
      if (!forwarded.empty()) forwarded += ',';
      forwarded += line->value();
    }
    return core_->options.addresses->forwarded_for(sockets::address_of(peer_), forwarded);
  }

  /// A proxy's connection that becomes a client's own counts for that client from now on.
  bool lease_for_client() {
    const auto address = forwarded_for();
    if (!address) return true;
    auto lease = core_->options.addresses->take(*address);
    if (lease) {
      lease_ = *std::move(lease);
      return true;
    }
    core_->metrics.over_address.add();
    keep_alive_ = false;
    respond(too_many_of(*address, core_->options.addresses->max()));
    return false;
  }

  void handle() {
    phase_ = Phase::kHandling;
    started_ = now();
    deadline_ = started_ + core_->options.handler_deadline;
    const auto& message = parser_->get();
    keep_alive_ = wants_keep_alive();
    head_only_ = message.method() == boost::beast::http::verb::head;
    Request request = take_request();
    parser_.reset();
    const Responder responder = make_responder();
    try {
      core_->router->dispatch(std::move(request), responder);
    } catch (const std::exception& error) {
      log_error("http handler failed", {{"what", error.what()}});
      responder(problem(500, "The request failed on our side."));
    }
  }

  [[nodiscard]] bool wants_keep_alive() const {
    return parser_->get().version() == 11 && parser_->keep_alive();
  }

  Request take_request() {
    auto& message = parser_->get();
    Request request;
    request.method = message.method_string();
    request.target = message.target();
    request.headers.reserve(16);
    for (const auto& field : message) {
      request.headers.emplace_back(field.name_string(), field.value());
    }
    request.body = std::move(message.body());
    request.peer = client();
    return request;
  }

  Responder make_responder() {
    return Responder([weak = weak_from_this(), number = ++request_number_](Response response) {
      const auto self = weak.lock();
      if (!self) return;
      if (self->core_->loop.is_current()) return self->answer(number, std::move(response));
      self->core_->loop.post([self, number, response = std::move(response)]() mutable {
        self->answer(number, std::move(response));
      });
    });
  }

  void answer(std::uint64_t number, Response response) {
    if (phase_ != Phase::kHandling || number != request_number_) return;
    guarded([&] { respond(std::move(response)); });
  }

  void refuse(boost::system::error_code ec) {
    using boost::beast::http::error;
    const ServerOptions& limits = core_->options;
    if (ec == error::header_limit) {
      core_->metrics.over_header_bytes.add();
      return refuse(431, too_large("header", limits.max_header_bytes));
    }
    if (ec == error::body_limit) {
      core_->metrics.over_body.add();
      return refuse(413, too_large("body", limits.max_body_bytes));
    }
    refuse(400, "This is not a well-formed HTTP/1.1 request: " + ec.message() + ".");
  }

  void refuse(int status, std::string_view detail) {
    keep_alive_ = false;
    respond(problem(status, detail));
  }

  static std::string too_large(std::string_view what, std::size_t limit) {
    return "The request's " + std::string(what) + " is larger than " + std::to_string(limit) +
           " bytes.";
  }

  void respond(Response response) {
    if (phase_ != Phase::kHandling) started_ = now();  // refused while reading: took no time
    core_->count_response(response.status, now() - started_);
    if (core_->draining()) keep_alive_ = false;
    phase_ = Phase::kWriting;
    deadline_ = now() + core_->options.request_deadline;
    head_ = head_of(response, keep_alive_ ? AfterResponse::kKeepAlive : AfterResponse::kClose);
    body_ = std::move(response.body);
    const bool bodiless = head_only_ || response.status == 204 || response.status == 304;
    if (bodiless) body_.clear();
    written_ = 0;
    write();
  }

  void write() {
    while (written_ < head_.size() + body_.size() || socket_.holds_back()) {
      const std::size_t of_head = std::min(written_, head_.size());
      std::array<iovec, 2> parts{
          sockets::buffer_of(std::string_view(head_).substr(of_head)),
          sockets::buffer_of(std::string_view(body_).substr(written_ - of_head))};
      const sockets::IoResult wrote = socket_.write_some(parts);
      if (wrote.status == sockets::IoStatus::kWouldBlock) return write_later();
      if (wrote.status != sockets::IoStatus::kDone) return close();
      written_ += wrote.bytes;
    }
    // Posted, so that requests that wait in the buffer are not answered inside one another.
    core_->loop.post([self = shared_from_this()] { self->guarded([&] { self->on_written(); }); });
  }

  void write_later() {
    socket_.wait_writable([self = shared_from_this()](boost::system::error_code ec) {
      if (self->phase_ != Phase::kWriting) return;
      self->guarded([&] { ec ? self->close() : self->write(); });
    });
  }

  void on_written() {
    if (phase_ != Phase::kWriting) return;
    head_only_ = false;
    body_ = {};
    if (!keep_alive_ || core_->draining()) return linger();
    phase_ = Phase::kIdle;
    deadline_ = now() + core_->options.idle_deadline;
    parse();
  }

  /// Lets the client read the answer before a reset could overtake it (RFC 9112 section 9.6).
  void linger() {
    phase_ = Phase::kLingering;
    deadline_ = now() + kLingerDeadline;
    socket_.end_sending();
    buffer_.consume(buffer_.size());
    if (!read_pending_) read();
  }

  std::shared_ptr<ServerCore> core_;
  sockets::ClientSocket socket_;
  sockets::Listener::Endpoint peer_;
  sockets::AddressBudget::Lease lease_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;  ///< while a request is being read
  Phase phase_ = Phase::kIdle;
  bool read_pending_ = false;
  bool spoken_ = false;  ///< its first request has begun
  bool keep_alive_ = false;
  bool head_only_ = false;
  std::uint64_t request_number_ = 0;  ///< so that an answer that comes too late is known as such
  Instant started_{};
  std::string head_;
  std::string body_;
  std::size_t written_ = 0;  ///< of head and body together
};

}  // namespace stampede::http
