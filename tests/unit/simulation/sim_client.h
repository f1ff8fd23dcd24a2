#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/unit/simulation/sim_gateway.h"

namespace stampede::simulation {

/// What one subscription was told and given, in order; what the invariants are decided from.
struct Record {
  struct Got {
    MessageId id;
    Position position;
    std::string from;  ///< the session that sent it
    int number;        ///< its place among what that session sent
    bool recovered;    ///< false: it says itself that some before it are missing
  };
  RoomName room;
  std::optional<Seq> since;
  std::optional<gateway::Started> started;
  std::vector<Got> got;
  bool refused = false;  ///< and told so
  bool ended = false;
};

/// The end of a subscription at the client, which writes the record.
class Recorder final : private gateway::FrameSink, public gateway::Subscriber {
 public:
  explicit Recorder(Record& record)
      : Subscriber(static_cast<FrameSink&>(*this), stomp::Version::kV12, "sub",
                   /*individual=*/true),
        record_(record) {}

  void deliver_individually(const MessageRef& message) override {
    if (record_.ended) return;  // its client is not there any more
    const auto& headers = message->headers;
    const bool recovered = std::none_of(headers.begin(), headers.end(), [](const auto& header) {
      return header.name == "recovered" && header.value == "false";
    });
    record_.got.push_back({message->id, message->position, message->sender.str(),
                           std::stoi(message->body), recovered});
  }

 private:
  void send(gateway::Slice) override {}

  Record& record_;
};

/// Somebody who is in one room, through one gateway at a time, and goes on where it was.
class SimClient {
 public:
  SimClient(std::size_t number, RoomName room) : number_(number), room_(std::move(room)) {}

  [[nodiscard]] bool joined() const noexcept { return record_ != nullptr; }
  [[nodiscard]] SimGateway* at() const noexcept { return at_; }

  void connect(SimGateway& at, std::size_t shard) {
    at_ = &at;
    shard_ = shard;
    session_ = "c" + std::to_string(number_) + "." + std::to_string(++sessions_);
    sent_ = 0;
  }

  void join(Record& record) {
    record_ = &record;
    record.room = room_;
    if (seen_ != kNoSeq) record.since = seen_;
    recorders_.push_back(std::make_unique<Recorder>(record));
    at_->on(shard_).post([&record, recorder = recorders_.back().get(), at = at_, shard = shard_,
                          member = Member{room_, SessionId(session_), UserId("u"), 0}] {
      at->rooms(shard).subscribe(
          member, *recorder,
          [&record](const Result<gateway::Started>& started) {
            if (started && !record.ended) record.started = *started;
            if (!started) record.refused = true;
          },
          gateway::Replay{record.since, 0});
    });
  }

  /// Ends the subscription; the position to go on from is the last that has come.
  void leave() {
    Record& record = *std::exchange(record_, nullptr);
    if (!record.got.empty()) seen_ = std::max(seen_, record.got.back().position.seq);
    if (record.started && seen_ == kNoSeq) seen_ = record.started->position;
    record.ended = true;
    at_->on(shard_).post([&record, recorder = recorders_.back().get(), at = at_, shard = shard_,
                          session = SessionId(session_)] {
      if (!record.refused)
        at->rooms(shard).unsubscribe(record.room, session, *recorder,
                                     gateway::RoomRegistry::Leaving::kAtOnce);
    });
  }

  /// Sends a message; `confirmed` hears which one when it has its receipt.
  template <class Confirmed>
  void send(Confirmed confirmed) {
    auto message = std::make_shared<Message>();
    message->id = new_message_id();
    message->room = room_;
    message->origin = at_->id();
    message->sender = UserId(session_);
    message->body = std::to_string(++sent_);
    at_->on(shard_).post([message, confirmed, at = at_, shard = shard_] {
      at->publisher(shard).publish(message, [message, confirmed](const Result<Seq>& seq) {
        if (seq) confirmed(message->id);
      });
    });
  }

 private:
  std::size_t number_;
  RoomName room_;
  SimGateway* at_ = nullptr;
  std::size_t shard_ = 0;
  std::string session_;
  int sessions_ = 0;
  int sent_ = 0;
  Seq seen_ = kNoSeq;
  Record* record_ = nullptr;
  std::vector<std::unique_ptr<Recorder>> recorders_;
};

}  // namespace stampede::simulation
