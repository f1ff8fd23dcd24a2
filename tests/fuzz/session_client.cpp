// The connection does what gateway/net/stream_connection.cpp does, without a socket: what it posts
// is posted, what it refuses after the end is refused.
#include "tests/fuzz/session_client.h"

#include "shared/base/utf8.h"
#include "tests/fuzz/finding.h"

namespace stampede::fuzz {

using gateway::CloseReason;
using gateway::Slice;
using stomp::Command;
using stomp::Version;

SessionClient::SessionClient(const SessionPorts& ports, const std::set<RoomName>& bound_rooms,
                             std::size_t number)
    : executor_(ports.executor),
      publisher_(ports.executor, ports.clock, ports.rooms.shard(), ports.directory, feed_,
                 ports.bus, ports.fanout, ports.rooms, ports.metrics, {}),
      direct_(ports.executor, ports.rooms.shard(), GatewayId("gw"), ports.users, ports.bus,
              ports.fanout, ports.queues, ports.metrics),
      context_{ports.executor,  ports.clock,     ports.wheel,
               ports.rooms,     publisher_,      ports.queues,
               direct_,         ports.admission, ports.roster,
               GatewayId("gw"), ports.limits,    gateway::SessionMetrics(ports.metrics)},
      oracle_(bound_rooms),
      client_frames_(ports.limits.decoder),
      session_(std::make_unique<gateway::Session>(static_cast<gateway::Transport&>(*this), context_,
                                                  SessionId("gw.0." + std::to_string(number)))) {}

// In

void SessionClient::receive(std::vector<std::string> pieces) {
  for (std::string& piece : pieces) unread_.push_back(std::move(piece));
  go_on();
}

bool SessionClient::go_on() {
  bool took = false;
  while (state_ == State::kOpen && !paused_ && !unread_.empty()) {
    const std::string piece = std::move(unread_.front());
    unread_.pop_front();
    if (client_is_readable_) client_frames_.feed(piece);
    session_->on_bytes(piece);
    listen();
    took = true;
  }
  return took;
}

/// Tells the oracle what the client has sent. CONNECTED comes before the second frame is read, and
/// says in which version that is written.
void SessionClient::listen() {
  while (client_is_readable_ && !awaits_connected_) {
    const auto next = client_frames_.next();
    client_is_readable_ = next.has_value();
    if (!client_is_readable_ || !next->has_value()) return;
    oracle_.asked(**next);
    const Command command = (*next)->command;
    if (command != Command::kConnect && command != Command::kStomp) continue;
    awaits_connected_ = !oracle_.version();
    hear_connected();
  }
}

/// The first answer, and then what the client sent behind CONNECT, which must be known before its
/// effects are.
void SessionClient::hear_connected() {
  if (!awaits_connected_ || sent_.empty()) return;
  const std::string bytes = std::move(sent_.front());
  sent_.erase(sent_.begin());
  read_answer(bytes);
  awaits_connected_ = false;
  if (oracle_.version()) client_frames_.set_version(*oracle_.version());
  listen();
}

void SessionClient::overflow() {
  if (state_ != State::kOpen || std::exchange(overflowed_, true)) return;
  executor_.post([this] {
    if (state_ != State::kOpen) return;
    overflowed_ = false;
    session_->on_overflow(1 << 20);
    close(CloseReason::kSlowConsumer);
  });
}

void SessionClient::shut_down() {
  if (state_ == State::kOpen) session_->on_shutdown();
}

// Out

void SessionClient::send(Slice slice) {
  require(!session_closed_, "a session sends nothing after it closed", slice.stomp());
  require(!told_, "a session leaves a connection that is gone alone");
  if (state_ != State::kOpen || overflowed_) return;
  unasked_ = true;
  slice.for_each_frame([this](std::string_view websocket, std::string_view stomp) {
    const bool is_text = (websocket[0] & 0x0f) == 1;
    require(is_text == is_utf8(stomp), "a frame goes as text exactly when it is UTF-8");
    require(websocket.ends_with(stomp), "both forms of a frame say the same");
    sent_.emplace_back(stomp);
  });
}

void SessionClient::close(CloseReason reason) {
  require(!told_, "a session leaves a connection that is gone alone");
  session_closed_ = true;
  finish(reason);
}

void SessionClient::pause_reading() {
  require(!told_, "a session leaves a connection that is gone alone");
  paused_ = true;
}

void SessionClient::resume_reading() {
  require(!told_, "a session leaves a connection that is gone alone");
  paused_ = false;
}

void SessionClient::finish(CloseReason reason) {
  if (state_ != State::kOpen) return;
  state_ = State::kClosing;
  executor_.post([this, reason] {
    state_ = State::kClosed;
    told_ = true;
    session_->on_closed(reason);
    session_.reset();
  });
}

// The feed

void SessionClient::confirm(std::size_t which, const Result<void>& result) {
  if (which >= feed_.appends.size()) return;
  const auto at = static_cast<std::ptrdiff_t>(which);
  const test::FakeFeed::Append append = std::move(feed_.appends[which]);
  feed_.appends.erase(feed_.appends.begin() + at);
  const std::vector<std::size_t> numbers = std::move(appends_[which]);
  appends_.erase(appends_.begin() + at);
  if (result) {
    for (const std::size_t number : numbers) oracle_.confirmed(number);
  }
  append.confirmed(std::vector<Result<void>>(append.batch.size(), result));
}

// The oracle

void SessionClient::judge() {
  hear_connected();
  while (appends_.size() < feed_.appends.size()) {
    std::vector<std::size_t> numbers;
    for (const MessageRef& message : feed_.appends[appends_.size()].batch) {
      numbers.push_back(oracle_.appended(*message));
    }
    appends_.push_back(std::move(numbers));
  }
  for (const std::string& bytes : std::exchange(sent_, {})) {
    if (bytes != "\n") read_answer(bytes);
  }
  require(!oracle_.failed() || state_ != State::kOpen, "an ERROR closes the session");
}

void SessionClient::read_answer(const std::string& bytes) {
  stomp::Decoder decoder({1 << 20, 1000, 1 << 20});
  decoder.set_version(oracle_.version().value_or(Version::kV12));
  decoder.feed(bytes);
  const auto frame = decoder.next();
  require(frame.has_value(), "what is sent is well-formed: " + frame.error().detail, bytes);
  require(frame->has_value(), "what is sent is a whole frame", bytes);
  oracle_.answered(**frame);
  if ((*frame)->command == Command::kConnected) user_ = (*frame)->find("user-name").value_or("");
  const auto more = decoder.next();
  require(more && !more->has_value() && decoder.buffered_bytes() == 0, "it is one frame", bytes);
}

void SessionClient::judge_revoked(std::string_view user) const {
  require(state_ != State::kOpen || user_ != user, "a revoked user's session has ended", user);
}

void SessionClient::judge_end() const {
  require(feed_.appends.empty(), "every append was answered");
  if (state_ != State::kOpen) return;
  require(!paused_ && unread_.empty(), "a session reads on once everything is answered");
  const auto owed = oracle_.receipts_owed();
  require(owed.empty(), "every receipt has come", owed.empty() ? "" : owed.front());
}

}  // namespace stampede::fuzz
