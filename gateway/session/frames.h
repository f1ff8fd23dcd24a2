#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/session/slice.h"
#include "shared/base/clock.h"
#include "shared/model/message.h"
#include "shared/stomp/frame.h"

namespace stampede::gateway {

/// The frames that the gateway sends. Each function gives one whole frame, ready to be queued.

struct HeartBeat {
  Milliseconds send{0};     ///< what the sender can guarantee; 0 = nothing
  Milliseconds receive{0};  ///< what it would like to get; 0 = nothing
};

Slice connected_frame(stomp::Version version, std::string_view session, std::string_view user,
                      HeartBeat heart_beat);

/// `seq`: of SUBSCRIBE, the room's position when the subscription went live.
Slice receipt_frame(stomp::Version version, std::string_view receipt_id,
                    std::optional<Seq> seq = std::nullopt);

/// What became of a SEND: the position it got in its room, or the sessions it was handed on to.
struct SendOutcome {
  std::optional<Seq> seq{};
  std::optional<std::size_t> sessions{};
};
Slice send_receipt_frame(stomp::Version version, std::string_view receipt_id,
                         const SendOutcome& outcome);

/// Where a replay ends.
struct ReplayEnd {
  Seq position = kNoSeq;      ///< everything after it arrives as it happens
  bool recovered = true;      ///< everything asked for was there
  std::optional<Seq> oldest;  ///< the first message replayed, when not recovered
};

/// Of a SUBSCRIBE that asked for a replay.
Slice replay_receipt_frame(stomp::Version version, std::string_view receipt_id,
                           const ReplayEnd& end);
/// The same for one without a receipt: a message of the room, by nobody, without a position.
MessageRef replay_end_message(const RoomName& room, const ReplayEnd& end);

/// `message` is one of the short texts that clients of other brokers know (docs/protocol.md),
/// `detail` explains in a sentence. Without `receipt_id` the header is left out.
Slice error_frame(stomp::Version version, std::string_view message, std::string_view detail,
                  std::optional<std::string_view> receipt_id);

/// What a MESSAGE says when its subscription acknowledges by hand.
struct Acknowledgeable {
  std::string ack_id;  ///< for the `ack` header, which only 1.2 has
  bool redelivered = false;
};

/// An empty `subscription` (STOMP 1.0) leaves the header out.
Slice message_frame(stomp::Version version, std::string_view subscription, const Message& message,
                    const std::optional<Acknowledgeable>& acknowledgeable = std::nullopt);
/// Of all of them, in order, for who does not acknowledge by hand.
std::vector<Slice> message_frames(stomp::Version version, std::string_view subscription,
                                  std::span<const MessageRef> messages);

/// The `ack` header's value: which of the session's subscriptions, and which delivery of it.
std::string ack_id(std::uint64_t subscription_serial, std::uint64_t tag);
struct AckId {
  std::uint64_t subscription_serial = 0;
  std::uint64_t tag = 0;
};
/// nullopt for what `ack_id` cannot have made.
std::optional<AckId> parse_ack_id(std::string_view text) noexcept;

/// What the frame asks to be receipted with, which may be an empty text; nullopt when it does not
/// ask.
std::optional<std::string_view> receipt_of(const stomp::FrameView& frame) noexcept;
/// The same, to be kept longer than the frame.
std::optional<std::string> kept_receipt_of(const stomp::FrameView& frame);
/// Nothing for kNoSeq: a message sent on without a position.
std::optional<Seq> if_known(Seq seq) noexcept;

/// Whether a header of SEND belongs to the protocol and is therefore not passed on to receivers.
bool is_reserved_send_header(std::string_view name) noexcept;

}  // namespace stampede::gateway
