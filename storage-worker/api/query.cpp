// Every refusal names the parameter, what it was and what is allowed. A parameter that is not known
// is refused too: a misspelt one would otherwise give a page nobody asked for.
#include "storage-worker/api/query.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "storage-worker/api/problem.h"

namespace stampede::worker {
namespace {

constexpr Seq kMaxSeq = (Seq{1} << 53) - 1;
constexpr std::size_t kLongestEcho = 40;

/// A client's value inside a sentence, cut to a length that a log line and a person can take.
std::string quoted(std::string_view value) {
  std::size_t end = std::min(value.size(), kLongestEcho);
  // Between two characters: a problem document is UTF-8.
  while (end > 0 && end < value.size() && (value[end] & 0xc0) == 0x80) --end;
  std::string out = "'";
  out += value.substr(0, end);
  out += end < value.size() ? "…'" : "'";
  return out;
}

}  // namespace

QueryReader::QueryReader(const http::Request& request,
                         std::initializer_list<std::string_view> allowed)
    : request_(request) {
  for (auto pair = request.query.begin(); pair != request.query.end(); ++pair) {
    if (std::find(allowed.begin(), allowed.end(), pair->first) == allowed.end()) {
      std::string text = "there is no parameter " + quoted(pair->first) + " here; allowed: ";
      for (const std::string_view name : allowed) {
        if (name != *allowed.begin()) text += ", ";
        text += name;
      }
      fail(pair->first, allowed.size() == 0 ? "this resource takes no query parameters" : text);
    }
    const bool repeated = std::any_of(request.query.begin(), pair, [&](const auto& earlier) {
      return earlier.first == pair->first;
    });
    if (repeated) fail(pair->first, pair->first + " is given more than once");
  }
}

RoomName QueryReader::room() {
  auto name = parse_room_name(request_.param("room"));
  if (name) return *std::move(name);
  fail("room", name.error().detail);
  return {};
}

std::size_t QueryReader::limit() {
  const auto value = integer("limit", 1, kMaxLimit);
  return static_cast<std::size_t>(value.value_or(kDefaultLimit));
}

std::optional<Seq> QueryReader::position(std::string_view name) {
  return integer(name, 0, kMaxSeq);
}

std::string QueryReader::room_name(std::string_view name) {
  const auto text = request_.query_value(name);
  if (!text) return {};
  const auto room = parse_room_name(*text);
  if (!room) fail(name, std::string(name) + ": " + room.error().detail);
  return std::string(*text);
}

void QueryReader::exclude(std::string_view one, std::string_view other) {
  if (!request_.query_value(one) || !request_.query_value(other)) return;
  fail(other, std::string(one) + " and " + std::string(other) +
                  " cannot be given together; a page goes one way");
}

http::Response QueryReader::problem() const {
  return worker::problem(request_, error_, parameter_);
}

void QueryReader::fail(std::string_view parameter, std::string text) {
  if (failed()) return;
  error_ = Error(Errc::kInvalidArgument, std::move(text));
  parameter_ = parameter;
}

std::optional<std::int64_t> QueryReader::integer(std::string_view name, std::int64_t least,
                                                 std::int64_t most) {
  const auto text = request_.query_value(name);
  if (!text) return std::nullopt;
  std::int64_t value = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (error == std::errc() && stop == end && value >= least && value <= most) return value;
  fail(name, std::string(name) + " is a whole number from " + std::to_string(least) + " to " +
                 std::to_string(most) + ", not " + quoted(*text));
  return std::nullopt;
}

}  // namespace stampede::worker
