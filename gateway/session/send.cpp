// SEND: from the frame to the Publisher or the DirectSender, and its RECEIPT.
#include "gateway/session/session.h"

namespace stampede::gateway {
namespace {

using stomp::FrameView;

/// Where a client sends a new token before the old one expires.
constexpr std::string_view kAuthDestination = "/app/auth";

/// Why the SEND's `message-key` cannot be one.
std::optional<std::string> message_key_problem(const FrameView& frame) {
  const auto key = frame.find("message-key");
  if (!key || (!key->empty() && key->size() <= kMaxMessageKeyBytes)) return std::nullopt;
  return "message-key has " + std::to_string(key->size()) + " bytes; allowed: 1 to " +
         std::to_string(kMaxMessageKeyBytes);
}

/// `persistent:false` makes a message ephemeral; one to a user is live only in any case.
Result<MessageKind> kind_of(const FrameView& frame, bool direct) {
  const std::string_view persistent = frame.find("persistent").value_or(direct ? "false" : "true");
  if (persistent != "true" && persistent != "false") {
    return Error(Errc::kInvalidArgument, "persistent is '" + std::string(persistent.substr(0, 64)) +
                                             "'; allowed: true, false");
  }
  if (direct) {
    if (persistent == "false") return MessageKind::kDirect;
    return Error(Errc::kInvalidArgument,
                 "persistent:true to a user: direct messages are not kept; send to a room instead");
  }
  if (persistent == "true") return MessageKind::kChat;
  if (frame.find("message-key")) {
    return Error(Errc::kInvalidArgument,
                 "message-key with persistent:false: what is not kept cannot be recognised when it "
                 "is sent again");
  }
  return MessageKind::kEphemeral;
}

/// What a client decides the size of.
std::size_t bytes_of(const Message& message) {
  std::size_t bytes = message.body.size() + message.content_type.size() + message.key.size();
  for (const MessageHeader& header : message.headers) {
    bytes += header.name.size() + header.value.size();
  }
  return bytes;
}

}  // namespace

void Session::on_send(const FrameView& frame) {
  const auto destination = frame.find("destination");
  if (!destination) {
    return fail("Missing destination", "SEND needs a destination header", receipt_of(frame));
  }
  if (*destination == kAuthDestination) return on_refresh(frame);
  auto to = parse_send_destination(*destination);
  if (!to) return fail(destination_error(to.error()), to.error().detail, receipt_of(frame));
  auto message = make_message(frame);
  auto* const queue = std::get_if<UserQueue>(&*to);
  const bool direct = queue != nullptr;
  if (direct) {
    message->kind = MessageKind::kDirect;
    message->recipient = std::move(queue->user);
    message->room = std::move(queue->name);
  } else {
    message->room = std::get<RoomName>(*std::move(to));
  }
  if (!may_send(*message)) return refuse_send(*message, receipt_of(frame));
  if (const auto problem = message_key_problem(frame)) {
    return fail("Invalid header", *problem, receipt_of(frame));
  }
  const auto kind = kind_of(frame, direct);
  if (!kind) return fail("Invalid header", kind.error().detail, receipt_of(frame));
  message->kind = *kind == MessageKind::kChat ? context_.publisher.chat_kind(message->room) : *kind;
  HeldSend send{std::move(message), kept_receipt_of(frame)};
  if (frame.find("transaction")) return hold(frame, std::move(send));
  publish_alone(std::move(send));
}

void Session::refuse_send(const Message& message, std::optional<std::string_view> receipt) {
  if (message.kind != MessageKind::kDirect) {
    return refuse(auth::Verb::kSend, message.room, receipt);
  }
  refuse(auth::Verb::kDirect, " messages to user '" + message.recipient.str() + "'", receipt);
}

std::shared_ptr<Message> Session::make_message(const FrameView& frame) const {
  auto message = std::make_shared<Message>();
  message->id = new_message_id();
  message->sender = principal_.user;
  message->origin = context_.gateway;
  message->timestamp_ms = std::chrono::duration_cast<Milliseconds>(context_.clock.wall()).count();
  message->key = frame.find("message-key").value_or("");
  message->content_type = frame.find("content-type").value_or("");
  for (const auto& [name, value] : frame.headers) {
    if (!is_reserved_send_header(name)) {
      message->headers.push_back({std::string(name), std::string(value)});
    }
  }
  message->body = frame.body;
  return message;
}

void Session::publish(const MessageRef& message, Sent sent) {
  const std::size_t bytes = bytes_of(*message);
  ++in_flight_;
  in_flight_bytes_ += bytes;
  const auto answer = [this, alive = std::weak_ptr<void>(alive_), bytes,
                       sent = std::move(sent)](const Result<SendOutcome>& outcome) {
    if (alive.expired()) return;
    --in_flight_;
    in_flight_bytes_ -= bytes;
    sent(outcome);
    advance();
  };
  if (message->kind == MessageKind::kDirect) {
    context_.direct.send(message, [answer](std::optional<std::size_t> sessions) {
      answer(SendOutcome{std::nullopt, sessions});
    });
    return;
  }
  context_.publisher.publish(message, [answer](const Result<Seq>& position) {
    if (position) {
      answer(SendOutcome{if_known(*position), std::nullopt});
    } else {
      answer(position.error());
    }
  });
}

void Session::publish_alone(HeldSend send) {
  publish(send.message,
          [this, receipt = std::move(send.receipt)](const Result<SendOutcome>& outcome) {
            if (!outcome) return fail_unstored(outcome.error(), receipt);
            if (receipt) this->send(send_receipt_frame(version_, *receipt, *outcome));
          });
}

void Session::fail_unstored(const Error& error, std::optional<std::string_view> receipt) {
  // Not an outage: sent again, it would be refused again.
  if (error.is(Errc::kInvalidArgument)) return fail("Message refused", error.detail, receipt);
  fail("Message not stored", error.detail, receipt, CloseReason::kOverloaded);
}

}  // namespace stampede::gateway
