#include "gateway/session/replay_headers.h"

#include <charconv>
#include <string>

namespace stampede::gateway {
namespace {

constexpr Seq kMaxSeq = (Seq{1} << 53) - 1;  // what a JavaScript number holds

std::optional<Seq> parse_number(std::string_view text, Seq most) {
  Seq value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value < 0 || value > most) {
    return std::nullopt;
  }
  return value;
}

Error wrong(std::string_view name, std::string_view value, const std::string& allowed) {
  return {Errc::kInvalidArgument, std::string(name) + " is '" + std::string(value.substr(0, 64)) +
                                      "'; allowed: " + allowed};
}

}  // namespace

Result<Replay> parse_replay(const stomp::FrameView& frame, std::size_t max_messages) {
  const auto since = frame.find("since");
  const auto newest = frame.find("history");
  if (since && newest) {
    return Error(Errc::kInvalidArgument,
                 "since and history exclude each other: everything after a position, or the last "
                 "messages");
  }
  Replay replay;
  if (since) {
    replay.since = parse_number(*since, kMaxSeq);
    if (!replay.since) {
      return wrong("since", *since, "the seq of a MESSAGE or RECEIPT, or 0 for the beginning");
    }
  }
  if (newest) {
    const auto count = parse_number(*newest, static_cast<Seq>(max_messages));
    if (!count) {
      return wrong("history", *newest,
                   "a number of messages from 0 to " + std::to_string(max_messages));
    }
    replay.newest = static_cast<std::size_t>(*count);
  }
  return replay;
}

}  // namespace stampede::gateway
