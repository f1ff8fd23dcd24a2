// Every byte a client reads is put together here, so that the header set has one home.
#include "gateway/session/frames.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "gateway/session/destination.h"
#include "shared/base/version.h"
#include "shared/stomp/encoder.h"

namespace stampede::gateway {
namespace {

using stomp::Command;
using stomp::FrameWriter;
using stomp::Version;

/// Of frames that share a slice: a slow connection keeps or gets them all, and one that is too
/// large to be compressed for a peer leaves the others uncompressed, too.
constexpr std::size_t kMaxRunBytes = 32 * 1024;

}  // namespace

Slice connected_frame(Version version, std::string_view session, std::string_view user,
                      HeartBeat heart_beat) {
  FrameWriter frame(version, Command::kConnected);
  frame.header("version", stomp::to_string(version));
  frame.header("session", session);
  frame.header("server", "stampede/" + std::string(stampede::version()));
  frame.header("heart-beat", std::to_string(heart_beat.send.count()) + "," +
                                 std::to_string(heart_beat.receive.count()));
  frame.header("user-name", user);
  return Slice::of_stomp_frame(frame.finish());
}

Slice receipt_frame(Version version, std::string_view receipt_id, std::optional<Seq> seq) {
  FrameWriter frame(version, Command::kReceipt);
  frame.header("receipt-id", receipt_id);
  if (seq) frame.header("seq", *seq);
  return Slice::of_stomp_frame(frame.finish());
}

Slice send_receipt_frame(Version version, std::string_view receipt_id, const SendOutcome& outcome) {
  FrameWriter frame(version, Command::kReceipt);
  frame.header("receipt-id", receipt_id);
  if (outcome.seq) frame.header("seq", *outcome.seq);
  if (outcome.sessions) frame.header("sessions", std::to_string(*outcome.sessions));
  return Slice::of_stomp_frame(frame.finish());
}

Slice replay_receipt_frame(Version version, std::string_view receipt_id, const ReplayEnd& end) {
  FrameWriter frame(version, Command::kReceipt);
  frame.header("receipt-id", receipt_id);
  frame.header("seq", end.position);
  frame.header("recovered", end.recovered ? "true" : "false");
  if (end.oldest) frame.header("oldest-seq", *end.oldest);
  return Slice::of_stomp_frame(frame.finish());
}

MessageRef replay_end_message(const RoomName& room, const ReplayEnd& end) {
  auto message = std::make_shared<Message>();
  message->id = new_message_id();
  message->room = room;
  message->headers = {{"event", "replay-end"},
                      {"live-seq", std::to_string(end.position)},
                      {"recovered", end.recovered ? "true" : "false"}};
  if (end.oldest) message->headers.push_back({"oldest-seq", std::to_string(*end.oldest)});
  return message;
}

Slice error_frame(Version version, std::string_view message, std::string_view detail,
                  std::optional<std::string_view> receipt_id) {
  FrameWriter frame(version, Command::kError);
  frame.header("message", message);
  frame.header("content-type", "text/plain");
  frame.header("version", "1.0,1.1,1.2");
  if (receipt_id) frame.header("receipt-id", *receipt_id);
  return Slice::of_stomp_frame(frame.finish(detail));
}

namespace {

std::string encode(Version version, std::string_view subscription, const Message& message,
                   const std::optional<Acknowledgeable>& acknowledgeable) {
  FrameWriter frame(version, Command::kMessage);
  if (!subscription.empty()) frame.header("subscription", subscription);
  frame.header("message-id", to_string(message.id));
  frame.header("destination", destination_of(message));
  // Presence has one of its own, which orders it on the way.
  if (is_chat(message) && message.position.seq != kNoSeq) {
    frame.header("seq", message.position.seq);
    frame.header("prev-seq", message.position.prev);
  }
  // What the gateway itself says is nobody's, and where a replay ends has no time either.
  if (!message.sender.empty()) frame.header("sender", message.sender.str());
  if (message.timestamp_ms != 0) frame.header("timestamp", message.timestamp_ms);
  frame.header("redelivered", acknowledgeable && acknowledgeable->redelivered ? "true" : "false");
  if (acknowledgeable && version == Version::kV12) frame.header("ack", acknowledgeable->ack_id);
  if (message.kind == MessageKind::kEphemeral) frame.header("persistent", "false");
  if (!message.key.empty()) frame.header("message-key", message.key);
  if (!message.content_type.empty()) frame.header("content-type", message.content_type);
  for (const MessageHeader& header : message.headers) frame.header(header.name, header.value);
  return frame.finish(message.body);
}

}  // namespace

Slice message_frame(Version version, std::string_view subscription, const Message& message,
                    const std::optional<Acknowledgeable>& acknowledgeable) {
  return Slice::of_stomp_frame(encode(version, subscription, message, acknowledgeable));
}

std::vector<Slice> message_frames(Version version, std::string_view subscription,
                                  std::span<const MessageRef> messages) {
  if (messages.size() == 1) return {message_frame(version, subscription, *messages.front())};
  std::vector<Slice> slices;
  std::vector<std::string> run;
  std::size_t run_bytes = 0;
  const auto finish_run = [&] {
    slices.push_back(Slice::of_stomp_frames(run));
    run.clear();
    run_bytes = 0;
  };
  for (const MessageRef& message : messages) {
    std::string frame = encode(version, subscription, *message, std::nullopt);
    if (!run.empty() && run_bytes + frame.size() > kMaxRunBytes) finish_run();
    run_bytes += frame.size();
    run.push_back(std::move(frame));
  }
  finish_run();
  return slices;
}

std::string ack_id(std::uint64_t subscription_serial, std::uint64_t tag) {
  return std::to_string(subscription_serial) + "-" + std::to_string(tag);
}

std::optional<AckId> parse_ack_id(std::string_view text) noexcept {
  AckId id;
  const char* const end = text.data() + text.size();
  const auto serial = std::from_chars(text.data(), end, id.subscription_serial);
  if (serial.ec != std::errc() || serial.ptr == end || *serial.ptr != '-') return std::nullopt;
  const auto tag = std::from_chars(serial.ptr + 1, end, id.tag);
  if (tag.ec != std::errc() || tag.ptr != end) return std::nullopt;
  return id;
}

std::optional<std::string_view> receipt_of(const stomp::FrameView& frame) noexcept {
  return frame.find("receipt");
}

std::optional<std::string> kept_receipt_of(const stomp::FrameView& frame) {
  const auto receipt = receipt_of(frame);
  return receipt ? std::optional<std::string>(*receipt) : std::nullopt;
}

std::optional<Seq> if_known(Seq seq) noexcept {
  return seq == kNoSeq ? std::nullopt : std::optional<Seq>(seq);
}

bool is_reserved_send_header(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 21> kReserved{
      "destination",  "content-type", "content-length", "receipt", "transaction", "message-id",
      "subscription", "ack",          "redelivered",    "seq",     "prev-seq",    "sender",
      "timestamp",    "receipt-id",   "message-key",    "replay",  "recovered",   "oldest-seq",
      "live-seq",     "event",        "persistent"};
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

}  // namespace stampede::gateway
