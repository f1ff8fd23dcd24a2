#include "tests/fuzz/session_oracle.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "shared/stomp/encoder.h"
#include "tests/fuzz/finding.h"

namespace stampede::fuzz {
namespace {

using stomp::Command;
using stomp::FrameView;
using stomp::Version;

constexpr std::string_view kTopic = "/topic/";
constexpr std::string_view kUser = "/user/";     ///< handed on, neither stored nor sequenced
constexpr std::string_view kAuth = "/app/auth";  ///< a new token: nothing to publish

std::string header(const FrameView& frame, std::string_view name) {
  return std::string(frame.find(name).value_or(""));
}

/// Which header names a subscription: STOMP 1.0 may leave the id out.
std::string subscription_of(const FrameView& frame) {
  return std::string(frame.find("id").value_or(frame.find("destination").value_or("")));
}

std::optional<Seq> position(const FrameView& frame) {
  const auto text = frame.find("seq");
  if (!text) return std::nullopt;
  Seq seq = kNoSeq;
  const char* const end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, seq);
  require(parsed.ec == std::errc() && parsed.ptr == end && seq >= 0, "seq is a number", *text);
  return seq;
}

/// Whoever reads frames takes the first of repeated headers, so ours must stand once.
void check_own_headers(const FrameView& frame) {
  for (const std::string_view name : {"subscription", "message-id", "destination", "seq", "ack",
                                      "content-length", "receipt-id", "sender", "message"}) {
    const auto count = std::count_if(frame.headers.begin(), frame.headers.end(),
                                     [&](const auto& one) { return one.name == name; });
    require(count <= 1, "a header of the protocol stands once in a frame", name);
  }
}

}  // namespace

void SessionOracle::owe(const FrameView& frame, Owed owed) {
  const auto receipt = frame.find("receipt");
  if (!receipt) return;
  owed.receipt = *receipt;
  owed_.push_back(std::move(owed));
}

void SessionOracle::asked(const FrameView& frame) {
  switch (frame.command) {
    case Command::kSend: return asked_to_send(frame);
    case Command::kSubscribe: return asked_to_subscribe(frame);
    case Command::kCommit: return asked_to_commit(frame);
    case Command::kUnsubscribe: return owe(frame, {});
    case Command::kBegin:
      transactions_.try_emplace(header(frame, "transaction"));
      return owe(frame, {});
    case Command::kAbort: transactions_.erase(header(frame, "transaction")); return owe(frame, {});
    case Command::kAck:
    case Command::kNack:
      if (!frame.find("transaction")) return owe(frame, {});
      if (const auto receipt = frame.find("receipt")) {
        transactions_[header(frame, "transaction")].push_back(
            {std::string(*receipt), std::nullopt});
      }
      return;
    case Command::kDisconnect: return owe(frame, {.receipt = {}, .sends = all_sends()});
    default: return;
  }
}

std::vector<std::size_t> SessionOracle::all_sends() const {
  std::vector<std::size_t> all(sends_.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

void SessionOracle::asked_to_send(const FrameView& frame) {
  const bool is_stored = !header(frame, "destination").starts_with(kUser);
  if (header(frame, "destination") == kAuth) return owe(frame, {});
  if (!is_stored && !frame.find("transaction")) return owe(frame, {});
  std::optional<Send> send;
  // What is ephemeral is never stored, and waits for nothing.
  if (is_stored && header(frame, "persistent") != "false") {
    send = Send{header(frame, "destination"), std::string(frame.body)};
  }
  if (const auto transaction = frame.find("transaction")) {
    const auto receipt = frame.find("receipt");
    transactions_[std::string(*transaction)].push_back(
        {receipt ? std::optional<std::string>(*receipt) : std::nullopt, std::move(send)});
    return;
  }
  if (!send) return owe(frame, {});
  sends_.push_back(*std::move(send));
  const std::size_t number = sends_.size() - 1;
  owe(frame, {.receipt = {}, .sends = {number}, .seq_of = number});
}

void SessionOracle::asked_to_subscribe(const FrameView& frame) {
  const std::string id = subscription_of(frame);
  if (frame.find("ack").value_or("auto") != "auto") manual_.insert(id);
  const std::string destination = header(frame, "destination");
  if (destination.starts_with(kUser)) {
    queues_.insert({id, destination});
    return owe(frame, {});
  }
  if (!destination.starts_with(kTopic)) return;
  owe(frame, {.receipt = {},
              .sends = {},
              .seq_of = std::nullopt,
              .room = RoomName(destination.substr(kTopic.size())),
              .subscription = id});
}

/// Its SENDs are published now, and every receipt waits for all of them.
void SessionOracle::asked_to_commit(const FrameView& frame) {
  const auto found = transactions_.find(header(frame, "transaction"));
  if (found == transactions_.end()) return;
  const std::vector<Step> steps = std::move(found->second);
  transactions_.erase(found);
  const std::size_t first = sends_.size();
  for (const Step& step : steps) {
    if (step.send) sends_.push_back(*step.send);
  }
  std::vector<std::size_t> all(sends_.size() - first);
  std::iota(all.begin(), all.end(), first);
  std::size_t number = first;
  for (const Step& step : steps) {
    Owed owed{step.receipt.value_or(""), all};
    if (step.send) owed.seq_of = number++;
    if (step.receipt) owed_.push_back(std::move(owed));
  }
  owe(frame, {.receipt = {}, .sends = all});
}

std::size_t SessionOracle::appended(const Message& message) {
  const auto send = std::find_if(sends_.begin(), sends_.end(), [&](const Send& one) {
    return !one.appended && one.body == message.body &&
           one.destination == std::string(kTopic) + message.room.str();
  });
  require(send != sends_.end(), "only what the client sent is stored", message.body);
  const bool first = std::none_of(sends_.begin(), send, [](const Send& one) {
    return !one.appended && one.destination.starts_with(kTopic);
  });
  require(first, "messages are stored in the order sent", message.body);
  send->appended = true;
  send->seq = message.position.seq;
  return static_cast<std::size_t>(send - sends_.begin());
}

void SessionOracle::confirmed(std::size_t number) { sends_.at(number).confirmed = true; }

bool SessionOracle::is_due(const Owed& owed) const {
  return (!owed.room || bound_rooms_.contains(*owed.room)) &&
         std::all_of(owed.sends.begin(), owed.sends.end(),
                     [&](std::size_t number) { return sends_[number].confirmed; });
}

void SessionOracle::answered(const FrameView& frame) {
  require(!failed_, "nothing follows an ERROR", to_string(frame.command));
  require(version_ || frame.command == Command::kConnected || frame.command == Command::kError,
          "nothing comes before CONNECTED", to_string(frame.command));
  check_own_headers(frame);
  switch (frame.command) {
    case Command::kConnected: return on_connected(frame);
    case Command::kReceipt: return on_receipt(frame);
    case Command::kMessage: return on_message(frame);
    case Command::kError: failed_ = true; return;
    default: require(false, "only a server's frames are sent", to_string(frame.command));
  }
}

void SessionOracle::on_connected(const FrameView& frame) {
  require(!version_, "CONNECTED comes once");
  for (const Version version : {Version::kV10, Version::kV11, Version::kV12}) {
    if (header(frame, "version") == to_string(version)) version_ = version;
  }
  require(version_.has_value(), "CONNECTED says a version");
}

void SessionOracle::on_receipt(const FrameView& frame) {
  const std::string receipt = header(frame, "receipt-id");
  const auto seq = position(frame);
  const auto fits = [&](const Owed& owed) {
    if (owed.receipt != receipt || !is_due(owed)) return false;
    // Without the directory a message gets no position, and there is none to tell.
    if (owed.seq_of) return seq.value_or(kNoSeq) == sends_[*owed.seq_of].seq;
    return seq.has_value() == owed.room.has_value();
  };
  const auto owed = std::find_if(owed_.begin(), owed_.end(), fits);
  require(owed != owed_.end(), "a RECEIPT was asked for and what it speaks of is done", receipt);
  if (owed->room) take_position(owed->subscription, std::string(kTopic) + owed->room->str(), *seq);
  owed_.erase(owed);
}

void SessionOracle::on_message(const FrameView& frame) {
  const auto id = frame.find("subscription");
  require(id || *version_ == Version::kV10, "since STOMP 1.1 a MESSAGE names its subscription");
  const std::string destination = header(frame, "destination");
  const std::string subscription = id ? std::string(*id) : destination;
  const auto seq = position(frame);
  if (destination.starts_with(kUser)) {
    require(!seq, "a direct message has no position", destination);
    require(queues_.contains({subscription, destination}),
            "a direct message comes to those who subscribed to its queue", destination);
  }
  // Acknowledging by hand, a message can come again.
  if (!seq || manual_.contains(subscription)) return;
  const auto last = last_.find({subscription, destination});
  require(last == last_.end() || *seq > last->second, "seq increases in a subscription",
          subscription + " " + destination + " " + std::to_string(*seq));
  take_position(subscription, destination, *seq);
}

void SessionOracle::take_position(const std::string& subscription, std::string_view destination,
                                  Seq seq) {
  Seq& last = last_[{subscription, std::string(destination)}];
  last = std::max(last, seq);
}

std::vector<std::string> SessionOracle::receipts_owed() const {
  std::vector<std::string> out;
  for (const Owed& one : owed_) out.push_back(one.receipt);
  return out;
}

}  // namespace stampede::fuzz
