// The life of a session: bytes in, frames through, heart-beats, the end. What each command does is
// in the file of its name.
#include "gateway/session/session.h"

#include <algorithm>

#include "shared/base/log.h"

namespace stampede::gateway {

using stomp::Command;

namespace {

/// Whoever is not connected yet gets no more memory than a CONNECT may need.
stomp::DecoderLimits before_connect(const SessionLimits& limits) {
  stomp::DecoderLimits small = limits.decoder;
  small.max_header_bytes = std::min(small.max_header_bytes, limits.max_connect_bytes);
  small.max_body_bytes =
      std::min(small.max_body_bytes, limits.max_connect_bytes - small.max_header_bytes);
  return small;
}

Limit limit_of(stomp::Exceeded exceeded) noexcept {
  switch (exceeded) {
    case stomp::Exceeded::kHeaders: return Limit::kHeaders;
    case stomp::Exceeded::kHeaderBytes: return Limit::kHeaderBytes;
    case stomp::Exceeded::kBody:
    case stomp::Exceeded::kNothing: break;
  }
  return Limit::kBody;
}

/// A link that is gone and a gateway that is in trouble say nothing of the client: it may be back.
/// Who is thrown out holds no seat any more.
RoomRegistry::Leaving leaving_after(CloseReason reason) noexcept {
  switch (reason) {
    case CloseReason::kHeartBeatMissed:
    case CloseReason::kOverloaded:
    case CloseReason::kInternalError: return RoomRegistry::Leaving::kWithGrace;
    default: return RoomRegistry::Leaving::kAtOnce;
  }
}

}  // namespace

Session::Session(Transport& transport, const SessionContext& context, SessionId id,
                 std::string authorization)
    : transport_(transport),
      context_(context),
      id_(std::move(id)),
      upgrade_authorization_(std::move(authorization)),
      decoder_(before_connect(context.limits)),
      send_timer_(context.wheel, [this] { on_send_timer(); }),
      silence_timer_(context.wheel, [this] { on_silence_timer(); }) {
  silence_timer_.arm(context.limits.connect_timeout);
}

Session::~Session() { leave_all(); }

void Session::on_bytes(std::string_view bytes) {
  if (state_ == State::kClosed) return;
  received_ = true;
  decoder_.feed(bytes);
  process();
}

void Session::process() {
  while (state_ != State::kClosed && !shutting_down_) {
    if (deciding_) {
      // Not even decoded: who the client is decides how much it may send.
      if (decoder_.buffered_bytes() > 0) transport_.pause_reading();
      return;
    }
    auto next = decoder_.next();
    if (!next) return fail_to_decode(next.error());
    if (!next->has_value()) return;
    stomp::FrameView frame = std::move(**next);
    if (holds_back(frame)) {
      if (state_ == State::kClosed) return;
      if (too_many_in_flight()) context_.metrics.limits.slowed(Slowing::kInFlight);
      parked_ = std::move(frame);
      transport_.pause_reading();
      return;
    }
    handle(frame);
  }
}

bool Session::holds_back(const stomp::FrameView& frame) {
  if (must_wait(frame.command)) return true;
  const bool counts = frame.command == Command::kSend || frame.command == Command::kSubscribe;
  if (!counts || state_ != State::kConnected) return false;
  switch (throttle().ask()) {
    case Throttle::Verdict::kGo: return false;
    case Throttle::Verdict::kWait: return true;
    case Throttle::Verdict::kRefuse: break;
  }
  fail("Too many messages", throttle_->refusal(), receipt_of(frame), CloseReason::kTooFast);
  return true;
}

Throttle& Session::throttle() {
  if (!throttle_) {
    std::shared_ptr<TokenBucket> of_user;
    if (context_.user_rates != nullptr) {
      of_user = context_.user_rates->bucket_of(principal_.user, context_.clock.now());
    }
    throttle_ = std::make_unique<Throttle>(context_.limits.rates, context_.clock, context_.wheel,
                                           context_.metrics.limits, std::move(of_user),
                                           [this] { advance(); });
  }
  return *throttle_;
}

void Session::fail_to_decode(const Error& error) {
  // The decoder's detail is "<message>: <explanation>".
  const std::string_view detail = error.detail;
  const std::size_t colon = detail.find(": ");
  std::string explanation(colon == std::string_view::npos ? detail : detail.substr(colon + 2));
  const bool too_large = error.is(Errc::kTooLarge);
  if (too_large && state_ == State::kConnecting) explanation += " before CONNECTED";
  if (too_large) {
    context_.metrics.limits.hit(state_ == State::kConnecting ? Limit::kBeforeConnect
                                                             : limit_of(decoder_.exceeded()));
  }
  fail(detail.substr(0, colon), explanation, decoder_.failed_receipt(),
       too_large ? CloseReason::kMessageTooBig : CloseReason::kStompError);
}

bool Session::too_many_in_flight() const noexcept {
  return in_flight_ >= context_.limits.max_in_flight ||
         in_flight_bytes_ >= context_.limits.max_in_flight_bytes;
}

bool Session::must_wait(Command command) const noexcept {
  if (too_many_in_flight()) return true;
  switch (command) {
    // The sender's own subscription must see the message, and a subscription ends after it began.
    case Command::kSend:
    case Command::kCommit:
    case Command::kUnsubscribe: return pending_subscriptions_ > 0;
    // Its receipt says that everything before it is done.
    case Command::kDisconnect: return pending_subscriptions_ > 0 || in_flight_ > 0;
    default: return false;
  }
}

void Session::advance() {
  if (shutting_down_ || input_ended_) return end_if_answered();
  if (!parked_ || state_ == State::kClosed || holds_back(*parked_)) return;
  const stomp::FrameView frame = std::move(*parked_);
  parked_.reset();
  handle(frame);
  process();
  read_on();
}

void Session::read_on() {
  if (!parked_ && !deciding_ && state_ != State::kClosed) transport_.resume_reading();
}

void Session::handle(const stomp::FrameView& frame) {
  if (frame.command > Command::kDisconnect) {
    return fail("Bad command", std::string(to_string(frame.command)) + " is a server's frame",
                receipt_of(frame));
  }
  context_.metrics.frames(frame.command).add();
  if (state_ == State::kConnecting) {
    if (frame.command == Command::kConnect || frame.command == Command::kStomp) {
      return on_connect(frame);
    }
    return fail(
        "Illegal command",
        "the first frame must be CONNECT or STOMP, not " + std::string(to_string(frame.command)),
        receipt_of(frame));
  }
  switch (frame.command) {
    case Command::kSend: return on_send(frame);
    case Command::kSubscribe: return on_subscribe(frame);
    case Command::kUnsubscribe: return on_unsubscribe(frame);
    case Command::kDisconnect: return on_disconnect(frame);
    case Command::kConnect:
    case Command::kStomp:
      return fail("Illegal command", "this session is connected already", receipt_of(frame));
    case Command::kAck:
    case Command::kNack: return on_answer(frame);
    case Command::kBegin: return on_begin(frame);
    case Command::kCommit: return on_commit(frame);
    case Command::kAbort: return on_abort(frame);
    default: return;  // a server's frame; refused above
  }
}

void Session::acknowledge(const stomp::FrameView& frame) {
  if (const auto receipt = frame.find("receipt")) send(receipt_frame(version_, *receipt));
}

void Session::fail(std::string_view message, std::string_view detail,
                   std::optional<std::string_view> receipt, CloseReason reason) {
  if (state_ == State::kClosed) return;
  log_debug("session failed", {{"session", id_.str()}, {"message", message}, {"detail", detail}});
  context_.metrics.errors.add();
  send(error_frame(version_, message, detail, receipt));
  transport_.close(reason);
  leave_all(leaving_after(reason));
}

void Session::on_overflow(std::size_t queued_bytes) {
  fail("Slow consumer",
       std::to_string(queued_bytes) +
           " bytes wait to be sent, more than this gateway keeps for one session; read faster or "
           "subscribe to less",
       std::nullopt, CloseReason::kSlowConsumer);
}

/// Comes when everything received has been handled: while a frame waits nothing is read.
void Session::on_end_of_input() {
  input_ended_ = true;
  end_if_answered();
}

void Session::on_shutdown() {
  shutting_down_ = true;
  transport_.pause_reading();
  end_if_answered();
}

/// Receipts that are owed go out first: a client that misses one has to send again.
void Session::end_if_answered() {
  if (state_ == State::kClosed || in_flight_ > 0) return;
  if (!shutting_down_ && (pending_subscriptions_ > 0 || deciding_)) return;
  transport_.close(shutting_down_ ? CloseReason::kShuttingDown : CloseReason::kClientLeft);
  leave_all();
}

void Session::on_backlog_full(std::size_t held_bytes) {
  // Posted: the room is in the middle of delivering.
  context_.executor.post([this, alive = std::weak_ptr<void>(alive_), held_bytes] {
    if (alive.expired()) return;
    context_.metrics.limits.hit(Limit::kUnacknowledged);
    fail("Slow consumer",
         std::to_string(held_bytes) + " bytes wait for acknowledgements, and no more than " +
             std::to_string(context_.limits.max_unacknowledged_bytes) +
             " are kept; acknowledge sooner",
         std::nullopt, CloseReason::kSlowConsumer);
  });
}

bool Session::has_room() const {
  return transport_.queued_bytes() < context_.limits.replay_window_bytes;
}

void Session::on_closed(CloseReason reason) {
  log_debug("session ended", {{"session", id_.str()}, {"reason", close_info(reason).label}});
  leave_all();
}

/// The end, whoever ends it: rooms are left, timers and late answers find nobody. Only who says so
/// is known not to come back.
void Session::leave_all(RoomRegistry::Leaving how) noexcept {
  if (state_ == State::kConnected) {
    context_.metrics.sessions.add(-1);
    context_.roster.leave(*this);
  }
  state_ = State::kClosed;
  alive_.reset();
  parked_.reset();
  send_timer_.cancel();
  if (throttle_) throttle_->stop();
  silence_timer_.cancel();
  if (expiry_timer_) expiry_timer_->cancel();
  for (const auto& [key, subscription] : subscriptions_) {
    leave(*subscription, how);
  }
  subscriptions_.clear();
  transactions_.clear();
}

void Session::start_heart_beats(HeartBeat client) {
  const Milliseconds ours = context_.limits.heart_beat;
  silence_timer_.cancel();
  // STOMP 1.2, "Heart-beating": each direction beats at the larger of the two wishes, and not at
  // all if either side says 0.
  if (ours.count() > 0 && client.receive.count() > 0) {
    // Looking three times an interval, a beat goes out two thirds of it after the last frame at the
    // latest; the rest is for timers that fire late.
    send_interval_ = std::max(ours, client.receive) / 3;
    send_timer_.arm(send_interval_);
  }
  if (ours.count() > 0 && client.send.count() > 0) {
    const Milliseconds tolerated =
        std::max(2 * std::max(ours, client.send), context_.limits.min_silence);
    silence_check_ = tolerated / 2;
    silence_timer_.arm(silence_check_);
  }
}

void Session::on_send_timer() {
  if (!transport_.take_sent()) send(Slice::of_heart_beat());
  send_timer_.arm(send_interval_);
}

void Session::on_silence_timer() {
  if (state_ == State::kConnecting) {
    context_.metrics.limits.hit(Limit::kConnectTime);
    const std::string text =
        deciding_ ? "the log-in was not decided within " +
                        std::to_string(context_.limits.login_timeout.count()) + " ms"
                  : "no CONNECT frame within " +
                        std::to_string(context_.limits.connect_timeout.count()) + " ms";
    return fail("Connect timeout", text, std::nullopt, CloseReason::kConnectTimeout);
  }
  // While we do not read, silence is ours.
  const bool silent = !received_ && !parked_ && !deciding_;
  received_ = false;
  if (silent && silent_once_) {
    return fail("Heart-beat missed",
                "nothing was received for " + std::to_string(2 * silence_check_.count()) + " ms",
                std::nullopt, CloseReason::kHeartBeatMissed);
  }
  silent_once_ = silent;
  silence_timer_.arm(silence_check_);
}

}  // namespace stampede::gateway
