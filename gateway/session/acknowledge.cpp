// ACK and NACK. Messages are stored whoever acknowledges them; here an acknowledgement says that
// the client can take more.
#include <algorithm>

#include "gateway/session/session.h"

namespace stampede::gateway {

using stomp::Command;
using stomp::FrameView;
using stomp::Version;

void Session::on_answer(const FrameView& frame) {
  if (frame.command == Command::kNack && version_ == Version::kV10) {
    return fail("Bad command", "STOMP 1.0 has no NACK", receipt_of(frame));
  }
  const auto delivery = answered_delivery(frame);
  if (!delivery) {
    const bool missing = delivery.error().is(Errc::kNotFound);
    return fail(missing ? "Missing header" : "Invalid header", delivery.error().detail,
                receipt_of(frame));
  }
  Answer answer;
  answer.id = *delivery;
  answer.positive = frame.command == Command::kAck;
  answer.requeue = frame.find("requeue").value_or("true") != "false";
  answer.receipt = kept_receipt_of(frame);
  if (frame.find("transaction")) return hold(frame, std::move(answer));
  apply(answer);
  acknowledge(frame);
}

Result<AckId> Session::answered_delivery(const FrameView& frame) const {
  if (version_ == Version::kV12) {
    const auto id = frame.find("id");
    if (!id) return Error(Errc::kNotFound, "an id header is needed: the MESSAGE's ack header");
    const auto parsed = parse_ack_id(*id);
    const Subscription* const subscription =
        parsed ? find_subscription(parsed->subscription_serial) : nullptr;
    // Answers may cross an UNSUBSCRIBE, so only what was never given out is wrong.
    const bool ended = parsed && subscription == nullptr && parsed->subscription_serial > 0 &&
                       parsed->subscription_serial <= subscriptions_made_;
    const bool known = subscription != nullptr && subscription->window() != nullptr &&
                       subscription->window()->issued(parsed->tag);
    if (ended || known) return *parsed;
    return Error(Errc::kInvalidArgument,
                 "id '" + std::string(id->substr(0, 64)) +
                     "' is not the ack header of a MESSAGE of this session");
  }
  const auto text = frame.find("message-id");
  if (!text) return Error(Errc::kNotFound, "a message-id header is needed");
  const auto subscription_id = frame.find("subscription");
  if (!subscription_id && version_ == Version::kV11) {
    return Error(Errc::kNotFound, "a subscription header is needed");
  }
  const auto message_id = parse_message_id(*text);
  if (!message_id) return message_id.error();
  for (const auto& [key, subscription] : subscriptions_) {
    if (subscription->window() == nullptr || (subscription_id && key != *subscription_id)) continue;
    if (const auto tag = subscription->window()->find(*message_id)) {
      return AckId{subscription->serial(), *tag};
    }
  }
  return AckId{};  // answered before, or its subscription has ended
}

Subscription* Session::find_subscription(std::uint64_t serial) const {
  const auto found =
      std::find_if(subscriptions_.begin(), subscriptions_.end(),
                   [&](const auto& entry) { return entry.second->serial() == serial; });
  return found == subscriptions_.end() ? nullptr : found->second.get();
}

void Session::apply(const Answer& answer) {
  Subscription* const subscription = find_subscription(answer.id.subscription_serial);
  if (subscription == nullptr || subscription->window() == nullptr) return;
  if (answer.positive) {
    subscription->ack(answer.id.tag);
  } else {
    subscription->nack(answer.id.tag, answer.requeue);
  }
}

}  // namespace stampede::gateway
