#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/rooms/audience.h"
#include "gateway/session/ack_window.h"
#include "gateway/session/destination.h"

namespace stampede::gateway {

/// What a subscription asks of its session.
class SubscriptionOwner {
 public:
  /// A subscription that acknowledges by hand lets more wait than is kept. Nothing may be called
  /// back inside this.
  virtual void on_backlog_full(std::size_t held_bytes) = 0;
  /// Whether the client takes away what it is sent.
  [[nodiscard]] virtual bool has_room() const = 0;

 protected:
  ~SubscriptionOwner() = default;
};

/// One subscription of a session, to a room or to a queue of its user; in the audience once it is
/// live. Owned by the session.
class Subscription final : public Subscriber {
 public:
  struct Options {
    AckMode ack = AckMode::kAuto;
    std::size_t prefetch = 0;   ///< 0: no bound
    HeldBytes* held = nullptr;  ///< of the session; needed for manual modes
    bool presence = false;      ///< its client is told who comes and goes
  };

  /// `replays`: its client asked for messages of before. `serial` tells the session's subscriptions
  /// apart over its whole life: ids can be used again. `owner` and `sink` outlive it.
  Subscription(SubscriptionOwner& owner, FrameSink& sink, stomp::Version version, std::string id,
               std::uint64_t serial, Destination to, const Options& options, bool replays);

  void deliver_individually(const MessageRef& message) override;
  [[nodiscard]] bool has_room() const override;

  [[nodiscard]] const Destination& destination() const noexcept { return destination_; }
  [[nodiscard]] std::uint64_t serial() const noexcept { return serial_; }
  [[nodiscard]] bool replays() const noexcept { return replays_; }
  /// Null in `auto` mode, where nothing is acknowledged.
  [[nodiscard]] const AckWindow* window() const noexcept { return window_ ? &*window_ : nullptr; }

  void ack(AckWindow::Tag tag);
  void nack(AckWindow::Tag tag, bool requeue);

 private:
  void send_what_may_go();

  SubscriptionOwner& owner_;
  std::uint64_t serial_;
  Destination destination_;
  bool replays_;
  std::optional<AckWindow> window_;
};

}  // namespace stampede::gateway
