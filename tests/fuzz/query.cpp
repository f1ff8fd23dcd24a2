// Input: a request target as it stands in a request line, in the notation of streams.
//
// Promises: what is accepted is decoded text without NUL and within its limits, and whatever is
// wrong with it is answered with a problem document.
#include "storage-worker/api/query.h"

#include "shared/base/utf8.h"
#include "shared/http/target.h"
#include "tests/fuzz/finding.h"
#include "tests/fuzz/notation.h"
#include "tests/fuzz/targets.h"

namespace stampede::fuzz {
namespace {

void check_text(std::string_view text) {
  require(is_utf8(text), "decoded text is UTF-8", text);
  require(text.find('\0') == std::string_view::npos, "decoded text has no NUL");
}

/// As the history of a room reads its request.
void read_history(const http::Request& request) {
  worker::QueryReader reader(request, {"before", "after", "limit"});
  const RoomName room = reader.room();
  const auto before = reader.position("before");
  const auto after = reader.position("after");
  const std::size_t limit = reader.limit();
  reader.exclude("before", "after");
  if (reader.failed()) {
    const http::Response problem = reader.problem();
    require(problem.status == 400, "what is wrong with a query is 400", problem.body);
    return require(is_utf8(problem.body), "a problem document is UTF-8", problem.body);
  }
  require(parse_room_name(room.str()).has_value(), "the room has a name that is allowed");
  require(!before || !after, "a page goes one way");
  constexpr Seq kMaxSeq = (Seq{1} << 53) - 1;
  for (const auto& position : {before, after}) {
    require(!position || (*position >= 0 && *position <= kMaxSeq), "positions are in range");
  }
  require(limit >= 1 && limit <= worker::kMaxLimit, "the limit is in range");
}

}  // namespace

void query(std::string_view input) {
  while (input.ends_with('\n')) input.remove_suffix(1);
  const std::string text = parse_stream(input).whole();
  const auto target = http::parse_target(text);
  if (!target) {
    require(target.error().is(Errc::kInvalidArgument), "the error is kInvalidArgument");
    return require(is_utf8(target.error().detail), "the error's text is UTF-8");
  }
  check_text(target->path);
  for (const auto& [key, value] : target->query) {
    check_text(key);
    check_text(value);
  }
  http::Request request;
  request.method = "GET";
  request.target = text;
  request.path = target->path;
  request.query = target->query;
  const auto room = http::percent_decode(target->segments.back(), "path");
  require(room.has_value(), "a segment of a path that was accepted can be decoded");
  request.params.emplace_back("room", *room);
  read_history(request);
}

}  // namespace stampede::fuzz
