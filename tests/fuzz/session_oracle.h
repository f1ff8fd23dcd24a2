#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/model/message.h"
#include "shared/stomp/frame.h"

namespace stampede::fuzz {

/// What one session has promised by what it was told: knows the client's frames, what the ports
/// were asked and what they answered, and throws `Finding` when a frame to the client breaks a
/// promise. Everything is told after it has happened and before the next thing does. One thread.
///
/// It reads the client's frames when they are fed, which may be before the session handles them:
/// then a promise is looked for too early and found kept, never the other way round.
class SessionOracle {
 public:
  explicit SessionOracle(const std::set<RoomName>& bound_rooms) : bound_rooms_(bound_rooms) {}

  /// A frame that the client sent.
  void asked(const stomp::FrameView& frame);
  /// The feed was given a message of this session; returns its number for `confirmed`.
  std::size_t appended(const Message& message);
  void confirmed(std::size_t number);

  /// A frame to the client. Nothing may follow an ERROR.
  void answered(const stomp::FrameView& frame);
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  /// As CONNECTED said it; nothing before that.
  [[nodiscard]] std::optional<stomp::Version> version() const noexcept { return version_; }

  /// Asked for and not come yet: nothing, once every port has answered and the session is open.
  [[nodiscard]] std::vector<std::string> receipts_owed() const;

 private:
  struct Send {
    std::string destination;
    std::string body;
    bool appended = false;
    bool confirmed = false;
    Seq seq = kNoSeq;
  };
  /// A receipt and what has to happen before it.
  struct Owed {
    std::string receipt{};
    std::vector<std::size_t> sends{};
    std::optional<std::size_t> seq_of{};  ///< the SEND whose position it tells
    std::optional<RoomName> room{};       ///< must be bound
    std::string subscription{};           ///< that it belongs to
  };
  struct Step {
    std::optional<std::string> receipt;
    std::optional<Send> send;
  };

  void owe(const stomp::FrameView& frame, Owed owed);
  void asked_to_send(const stomp::FrameView& frame);
  void asked_to_subscribe(const stomp::FrameView& frame);
  void asked_to_commit(const stomp::FrameView& frame);
  std::vector<std::size_t> all_sends() const;
  [[nodiscard]] bool is_due(const Owed& owed) const;

  void on_connected(const stomp::FrameView& frame);
  void on_receipt(const stomp::FrameView& frame);
  void on_message(const stomp::FrameView& frame);
  void take_position(const std::string& subscription, std::string_view destination, Seq seq);

  const std::set<RoomName>& bound_rooms_;
  std::vector<Send> sends_;  ///< in the order that they are to be published in
  std::map<std::string, std::vector<Step>> transactions_;
  std::vector<Owed> owed_;
  std::set<std::pair<std::string, std::string>> queues_;  ///< by subscription and destination
  std::set<std::string> manual_;  ///< subscription ids that ever acknowledged by hand
  std::map<std::pair<std::string, std::string>, Seq> last_;  ///< by subscription and destination
  std::optional<stomp::Version> version_;
  bool failed_ = false;
};

}  // namespace stampede::fuzz
