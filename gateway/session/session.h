#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "gateway/session/frames.h"
#include "gateway/session/roster.h"
#include "gateway/session/session_context.h"
#include "gateway/session/subscription.h"
#include "gateway/session/throttle.h"
#include "gateway/session/transport.h"
#include "shared/stomp/decoder.h"

namespace stampede::gateway {

/// One STOMP client: turns its frames into calls on rooms and publisher, and answers. Knows no
/// socket. Owned by its connection, on its shard's thread.
///
/// Frames take effect in the order received. What must wait for an answer (a SEND behind a
/// SUBSCRIBE that is not live yet, a DISCONNECT behind unconfirmed SENDs, anything behind
/// credentials that are being looked at) stops the session from reading until it may go on.
class Session final : public SessionInput, private SubscriptionOwner, private Roster::Entry {
 public:
  /// Arms the CONNECT deadline. Transport and context outlive the session. `authorization` is what
  /// the HTTP request said, for a CONNECT that brings no credentials itself.
  Session(Transport& transport, const SessionContext& context, SessionId id,
          std::string authorization = {});
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void on_bytes(std::string_view bytes) override;
  void on_overflow(std::size_t queued_bytes) override;
  void on_end_of_input() override;
  void on_shutdown() override;
  void on_closed(CloseReason reason) override;

 private:
  enum class State { kConnecting, kConnected, kClosed };

  struct HeldSend {
    MessageRef message;
    std::optional<std::string> receipt;
  };
  /// An ACK or NACK: of which delivery of which subscription.
  struct Answer {
    AckId id;
    bool positive = true;
    bool requeue = true;  ///< of a NACK
    std::optional<std::string> receipt;
  };
  /// What was sent between BEGIN and its end.
  struct Transaction {
    std::vector<std::variant<HeldSend, Answer>> steps;
    std::size_t bytes = 0;  ///< of headers and bodies
  };
  /// A COMMIT under way: its receipts go out together, after the last confirm.
  struct Commit {
    std::size_t open = 0;
    std::vector<std::pair<std::string, SendOutcome>> receipts;
    std::optional<std::string> receipt;  ///< the COMMIT's own: the last
  };

  void process();
  void fail_to_decode(const Error& error);
  [[nodiscard]] bool must_wait(stomp::Command command) const noexcept;
  /// Whether the frame may not be handled now; the session may be over after that.
  [[nodiscard]] bool holds_back(const stomp::FrameView& frame);
  [[nodiscard]] bool too_many_in_flight() const noexcept;
  /// Made at the first frame that counts: most sessions only listen.
  Throttle& throttle();
  void handle(const stomp::FrameView& frame);
  /// Something that frames wait for has happened.
  void advance();
  /// Unless something still has to wait.
  void read_on();
  void end_if_answered();

  // Who the client is and what it may do: login.cpp.
  auth::Credentials credentials_of(const stomp::FrameView& frame);
  /// `decided` runs once the credentials are judged, unless the session is over by then. Frames
  /// wait for it.
  void authenticate(auth::Credentials credentials, auth::Admission::Decided decided);
  void on_admitted(Result<auth::Principal> principal, HeartBeat client);
  void on_refresh(const stomp::FrameView& frame);
  void on_refreshed(Result<auth::Principal> principal, const std::optional<std::string>& receipt);
  void on_review() override;
  /// The same user with other rights or another expiry. Ends the session when it does what it may
  /// do no longer.
  void adopt(auth::Principal principal);
  [[nodiscard]] bool may(auth::Verb verb, const RoomName& room) const noexcept;
  /// Fails with what may not be done.
  [[nodiscard]] bool may_send(const Message& message) const noexcept;
  void refuse(auth::Verb verb, const RoomName& room, std::optional<std::string_view> receipt);
  void refuse(auth::Verb verb, const std::string& where, std::optional<std::string_view> receipt);
  void watch_expiry();
  void on_expiry();

  // One function per command: connect.cpp, send.cpp, subscribe.cpp, acknowledge.cpp,
  // transactions.cpp.
  void on_connect(const stomp::FrameView& frame);
  void on_send(const stomp::FrameView& frame);
  void on_subscribe(const stomp::FrameView& frame);
  void on_unsubscribe(const stomp::FrameView& frame);
  void on_disconnect(const stomp::FrameView& frame);
  void on_answer(const stomp::FrameView& frame);
  void on_begin(const stomp::FrameView& frame);
  void on_commit(const stomp::FrameView& frame);
  void on_abort(const stomp::FrameView& frame);

  std::shared_ptr<Message> make_message(const stomp::FrameView& frame) const;
  /// Before it is one of the virtual hosts an ERROR is sent, and false returned.
  [[nodiscard]] bool serves_host(const stomp::FrameView& connect);
  void refuse_send(const Message& message, std::optional<std::string_view> receipt);
  using Sent = std::function<void(const Result<SendOutcome>&)>;
  /// `sent` runs once the message is confirmed or not, or handed on to its recipient, unless the
  /// session is over by then.
  void publish(const MessageRef& message, Sent sent);
  void publish_alone(HeldSend send);

  /// The delivery that ACK or NACK names, or why there is none.
  Result<AckId> answered_delivery(const stomp::FrameView& frame) const;
  Subscription* find_subscription(std::uint64_t serial) const;
  void apply(const Answer& answer);

  /// The transaction that the frame's header names; nullptr after an ERROR.
  Transaction* open_transaction(const stomp::FrameView& frame);
  void hold(const stomp::FrameView& frame, std::variant<HeldSend, Answer> step);
  void confirm_commit(const std::shared_ptr<Commit>& commit,
                      const std::optional<std::string>& receipt,
                      const Result<SendOutcome>& outcome);

  /// `key` names it in this session; `receipt` is that of the frame.
  void subscribe_room(const std::string& key, Subscription& subscription, const Replay& replay,
                      std::optional<std::string> receipt);
  void subscribe_queue(const std::string& key, Subscription& subscription,
                       std::optional<std::string> receipt);
  /// The room, or the queue, hears no more of it.
  void leave(Subscription& subscription, RoomRegistry::Leaving how);
  /// False when there is none.
  bool end_subscription(const std::string& key);
  bool end_subscriptions_to(std::string_view destination);

  void on_live(const std::string& key, std::optional<std::string_view> receipt,
               const Result<Started>& started);
  void on_queue_live(const std::string& key, std::optional<std::string_view> receipt,
                     const Result<void>& result);
  /// Says where the replay ends and whether it was whole.
  void end_replay(Subscription& subscription, std::optional<std::string_view> receipt,
                  const Started& started);
  void fail_unstored(const Error& error, std::optional<std::string_view> receipt);

  void send(const Slice& frame) { transport_.send(frame); }
  void on_backlog_full(std::size_t held_bytes) override;
  [[nodiscard]] bool has_room() const override;
  /// Answers with RECEIPT when the frame asked for one.
  void acknowledge(const stomp::FrameView& frame);
  /// Sends ERROR, then closes: the specification asks for both. Later calls do nothing.
  void fail(std::string_view message, std::string_view detail,
            std::optional<std::string_view> receipt = std::nullopt,
            CloseReason reason = CloseReason::kStompError);
  void leave_all(RoomRegistry::Leaving how = RoomRegistry::Leaving::kWithGrace) noexcept;

  void start_heart_beats(HeartBeat client);
  void on_send_timer();
  void on_silence_timer();

  Transport& transport_;
  const SessionContext& context_;
  SessionId id_;
  std::string upgrade_authorization_;  ///< until CONNECT
  auth::Principal principal_;          ///< once connected
  State state_ = State::kConnecting;
  bool deciding_ = false;       ///< credentials are being looked at
  bool shutting_down_ = false;  ///< no frame is handled any more
  bool input_ended_ = false;    ///< no frame will come any more
  stomp::Version version_ = stomp::Version::kV12;
  stomp::Decoder decoder_;
  std::optional<stomp::FrameView> parked_;  ///< waits; the decoder is not touched meanwhile
  HeldBytes held_{0};                       ///< by subscriptions that acknowledge by hand
  std::unordered_map<std::string, std::unique_ptr<Subscription>> subscriptions_;
  std::uint64_t subscriptions_made_ = 0;
  std::size_t pending_subscriptions_ = 0;
  std::unordered_map<std::string, Transaction> transactions_;
  std::unique_ptr<Throttle> throttle_;
  std::size_t in_flight_ = 0;
  std::size_t in_flight_bytes_ = 0;

  Milliseconds send_interval_{0};
  Milliseconds silence_check_{0};
  bool received_ = false;  ///< since the last silence timer
  bool silent_once_ = false;
  TimerWheel::Timer send_timer_;
  TimerWheel::Timer silence_timer_;                  ///< before CONNECTED: the deadline for it
  std::unique_ptr<TimerWheel::Timer> expiry_timer_;  ///< of a principal that expires

  /// Answers that come after the session's end find this gone.
  std::shared_ptr<void> alive_ = std::make_shared<char>();
};

}  // namespace stampede::gateway
