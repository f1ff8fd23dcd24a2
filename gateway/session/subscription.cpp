#include "gateway/session/subscription.h"

#include "gateway/session/frames.h"

namespace stampede::gateway {

Subscription::Subscription(SubscriptionOwner& owner, FrameSink& sink, stomp::Version version,
                           std::string id, std::uint64_t serial, Destination to,
                           const Options& options, bool replays)
    : Subscriber(sink, version, std::move(id), options.ack != AckMode::kAuto, options.presence),
      owner_(owner),
      serial_(serial),
      destination_(std::move(to)),
      replays_(replays) {
  if (options.ack != AckMode::kAuto) {
    window_.emplace(options.ack, options.prefetch, *options.held);
  }
}

void Subscription::deliver_individually(const MessageRef& message) {
  if (!window_->add(message)) return owner_.on_backlog_full(window_->held_bytes());
  send_what_may_go();
}

bool Subscription::has_room() const {
  return owner_.has_room() && (!window_ || window_->has_room());
}

void Subscription::ack(AckWindow::Tag tag) {
  window_->ack(tag);
  send_what_may_go();
}

void Subscription::nack(AckWindow::Tag tag, bool requeue) {
  window_->nack(tag, requeue);
  send_what_may_go();
}

void Subscription::send_what_may_go() {
  while (const auto next = window_->next()) {
    const Acknowledgeable how{ack_id(serial_, next->tag), next->redelivered};
    deliver(message_frame(version(), id(), *next->message, how));
  }
}

}  // namespace stampede::gateway
