// SEND: from the frame to the Publisher, and its RECEIPT.
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

/// `persistent:false` makes a message ephemeral.
Result<MessageKind> kind_of(const FrameView& frame) {
  const std::string_view persistent = frame.find("persistent").value_or("true");
  if (persistent == "true") return MessageKind::kChat;
  if (persistent != "false") {
    return Error(Errc::kInvalidArgument, "persistent is '" + std::string(persistent.substr(0, 64)) +
                                             "'; allowed: true, false");
  }
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
  auto room = parse_topic_destination(*destination);
  if (!room) return fail(destination_error(room.error()), room.error().detail, receipt_of(frame));
  if (!may(auth::Verb::kSend, *room)) return refuse(auth::Verb::kSend, *room, receipt_of(frame));
  if (const auto problem = message_key_problem(frame)) {
    return fail("Invalid header", *problem, receipt_of(frame));
  }
  const auto kind = kind_of(frame);
  if (!kind) return fail("Invalid header", kind.error().detail, receipt_of(frame));
  HeldSend send{make_message(frame, *kind, *std::move(room)), kept_receipt_of(frame)};
  if (frame.find("transaction")) return hold(frame, std::move(send));
  publish_alone(std::move(send));
}

MessageRef Session::make_message(const FrameView& frame, MessageKind kind, RoomName room) const {
  auto message = std::make_shared<Message>();
  message->id = new_message_id();
  message->kind = kind;
  message->room = std::move(room);
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

void Session::publish(MessageRef message, std::function<void(const Result<Seq>&)> done) {
  const std::size_t bytes = bytes_of(*message);
  ++in_flight_;
  in_flight_bytes_ += bytes;
  context_.publisher.publish(std::move(message),
                             [this, alive = std::weak_ptr<void>(alive_), bytes,
                              done = std::move(done)](const Result<Seq>& position) {
                               if (alive.expired()) return;
                               --in_flight_;
                               in_flight_bytes_ -= bytes;
                               done(position);
                               advance();
                             });
}

void Session::publish_alone(HeldSend send) {
  publish(std::move(send.message),
          [this, receipt = std::move(send.receipt)](const Result<Seq>& position) {
            if (!position) return fail_unstored(position.error(), receipt);
            if (receipt) this->send(receipt_frame(version_, *receipt, if_known(*position)));
          });
}

void Session::fail_unstored(const Error& error, std::optional<std::string_view> receipt) {
  fail("Message not stored", error.detail, receipt, CloseReason::kOverloaded);
}

}  // namespace stampede::gateway
