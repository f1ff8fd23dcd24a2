// Input: a line of options (`small`: limits that a short input can reach; `deflate`: compression
// was agreed on, `narrow`: with a window of 9 bits), then the bytes of a client's WebSocket frames.
//
// Promises: the same events come out however the bytes are cut and wherever it is paused, text that
// is given out as whole messages is UTF-8, no message is larger than its limit, inflated or not,
// and nothing follows the end.
#include "gateway/net/ws_decoder.h"

#include <algorithm>

#include "shared/base/utf8.h"
#include "tests/fuzz/finding.h"
#include "tests/fuzz/notation.h"
#include "tests/fuzz/targets.h"

namespace stampede::fuzz {
namespace {

using gateway::CloseReason;
using gateway::InflaterPool;
using gateway::WsDecoder;
using gateway::WsEvent;
using gateway::WsLimits;
using Kind = WsEvent::Kind;

struct Event {
  Kind kind{};
  std::string bytes;
  std::uint16_t code = 0;
  CloseReason reason{};

  friend bool operator==(const Event&, const Event&) = default;
};

/// Pieces of payload that follow each other are one event here: where they are cut is not promised.
class Reader {
 public:
  Reader(const WsLimits& limits, InflaterPool* inflaters)
      : limits_(limits), decoder_(limits, inflaters) {}

  void feed(std::string bytes) {
    decoder_.feed(bytes);
    while (step()) {
    }
    require(decoder_.unread().empty(), "everything is used up when more is needed");
    require(!decoder_.holds_output(), "nothing is left to give when more is needed");
  }

  /// As a connection whose session pauses after every event: what is unread moves elsewhere.
  void feed_with_pauses(std::string bytes) {
    while (!bytes.empty() || decoder_.holds_output()) {
      decoder_.feed(bytes);
      if (!step()) break;
      bytes = std::string(decoder_.unread().begin(), decoder_.unread().end());
    }
    decoder_.feed({});
    while (step()) {
    }
  }

  std::vector<Event> events;

 private:
  bool step() {
    const WsEvent event = decoder_.next();
    if (event.kind == Kind::kNeedMore) return false;
    require(!ended_, "nothing follows a close or an error");
    ended_ = event.kind == Kind::kClose || event.kind == Kind::kError;
    require(ended_ == decoder_.finished(), "finished() is true after a close or an error, only");
    require(event.kind != Kind::kData || !event.bytes.empty(), "no piece of payload is empty");
    if (event.kind == Kind::kData) message_bytes_ += event.bytes.size();
    require(message_bytes_ <= limits_.max_message_bytes, "no message is larger than its limit");
    if (event.kind == Kind::kMessageEnd) message_bytes_ = 0;
    take(event);
    return true;
  }

  void take(const WsEvent& event) {
    const bool goes_on =
        event.kind == Kind::kData && !events.empty() && events.back().kind == Kind::kData;
    if (goes_on) {
      events.back().bytes += event.bytes;
    } else {
      events.push_back({event.kind, std::string(event.bytes), event.code, event.reason});
    }
  }

  WsLimits limits_;
  WsDecoder decoder_;
  std::size_t message_bytes_ = 0;
  bool ended_ = false;
};

std::string describe(const std::vector<Event>& events) {
  std::string out = std::to_string(events.size()) + " events";
  for (const Event& event : events) {
    out += ", " + std::to_string(static_cast<int>(event.kind)) + " '" + event.bytes + "'";
  }
  return out;
}

/// A piece that holds malformed text is refused as a whole, so how much of the payload is given out
/// before the refusal depends on the cuts; nothing else does.
void drop_payload_before_bad_text(std::vector<Event>& events) {
  if (events.empty() || events.back().kind != Kind::kError ||
      events.back().reason != CloseReason::kBadText) {
    return;
  }
  if (events.size() >= 2 && events[events.size() - 2].kind == Kind::kData) {
    events.erase(events.end() - 2);
  }
}

void compare(std::vector<Event> expected, std::vector<Event> seen) {
  drop_payload_before_bad_text(expected);
  drop_payload_before_bad_text(seen);
  require(seen == expected, "cuts change nothing: " + describe(expected), describe(seen));
}

void check_close(const std::vector<Event>& events) {
  if (events.empty() || events.back().kind != Kind::kClose) return;
  require(is_utf8(events.back().bytes), "a close reason is UTF-8", events.back().bytes);
}

}  // namespace

void ws_decoder(std::string_view input) {
  WsLimits limits;
  // Not larger, because a short input is a long message when it is compressed.
  limits.max_message_bytes = 64 * 1024;
  InflaterPool inflaters;
  InflaterPool* compression = nullptr;
  std::string_view line = take_line(input);
  while (!line.empty()) {
    const std::string_view option = take_word(line);
    if (option == "small") limits = {24, 3};
    if (option == "deflate") compression = &inflaters;
  }
  const Stream stream = parse_stream(input);
  const std::string whole = stream.whole();

  Reader at_once(limits, compression);
  at_once.feed(whole);
  check_close(at_once.events);

  Reader cut(limits, compression);
  for (const std::string& piece : stream.pieces) cut.feed(piece);
  compare(at_once.events, cut.events);

  Reader slow(limits, compression);
  for (const char byte : whole) slow.feed(std::string(1, byte));
  compare(at_once.events, slow.events);

  Reader paused(limits, compression);
  paused.feed_with_pauses(whole);
  compare(at_once.events, paused.events);
}

}  // namespace stampede::fuzz
