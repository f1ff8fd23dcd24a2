// A page is a range of the primary key, so it costs the same anywhere in a room of any size. One
// statement also tells what lies beyond both ends: a row more than asked for on the far side, a row
// of nulls on the near side.
#include "shared/adapters/postgres/page.h"

#include <algorithm>
#include <limits>

#include "shared/adapters/postgres/binary.h"
#include "shared/model/header_block.h"

namespace stampede::postgres {
namespace {

constexpr const char* kBefore = "before";
constexpr const char* kAfter = "after";

enum Column { kSeq, kPrev, kId, kSender, kOrigin, kSentAt, kKey, kContentType, kHeaders, kBody };

// The body is null past the end of the page: the row more, and what would make the page too large.
// octet_length() of a large value does not read it.
std::string statement(const char* near_side, const char* far_side, const char* order,
                      const char* reverse) {
  const std::string by = std::string(" ORDER BY seq ") + order;
  return "SELECT seq, prev, id, sender, origin, sent_at_ms, key, content_type, headers,"
         "  CASE WHEN n = 1 OR (n <= $3::int8 AND bytes <= " +
         std::to_string(kMaxPageBytes) +
         ") THEN body END"
         " FROM (SELECT m.*, row_number() OVER w AS n,"
         "         sum(octet_length(body) + octet_length(headers)) OVER w AS bytes"
         "       FROM (SELECT * FROM messages WHERE room = $1::text AND seq " +
         far_side + " $2::int8" + by +
         " LIMIT $3::int8 + 1) m"
         "       WINDOW w AS (" +
         by +
         " ROWS UNBOUNDED PRECEDING)) p"
         " UNION ALL"
         " (SELECT seq, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM messages"
         "  WHERE room = $1::text AND seq " +
         near_side + " $2::int8 ORDER BY seq " + reverse + " LIMIT 1)";
}

Result<MessageRef> message_of(const Rows& rows, int row, const RoomName& room) {
  auto message = std::make_shared<Message>();
  auto headers = decode_header_block(rows.bytes(row, kHeaders));
  if (!headers) {
    return Error(Errc::kInternal, "room " + room.str() + ", seq " +
                                      std::to_string(rows.int8(row, kSeq)) + ": " +
                                      headers.error().detail);
  }
  message->room = room;
  message->position = {rows.int8(row, kSeq), rows.int8(row, kPrev)};
  const auto id = rows.bytes(row, kId);
  std::copy_n(id.begin(), std::min(id.size(), message->id.bytes.size()), message->id.bytes.begin());
  message->sender = UserId(std::string(rows.bytes(row, kSender)));
  message->origin = GatewayId(std::string(rows.bytes(row, kOrigin)));
  message->timestamp_ms = rows.int8(row, kSentAt);
  message->key = rows.bytes(row, kKey);
  message->content_type = rows.bytes(row, kContentType);
  message->headers = *std::move(headers);
  message->body = rows.bytes(row, kBody);
  return MessageRef(std::move(message));
}

}  // namespace

Result<void> prepare_page(Connection& db) {
  const std::string before = statement(">=", "<", "DESC", "ASC");
  if (auto done = db.prepare(kBefore, before.c_str()); !done) return done;
  return db.prepare(kAfter, statement("<=", ">", "ASC", "DESC").c_str());
}

Result<Page> read_page(Connection& db, const PageQuery& query) {
  const bool forward = query.after.has_value();
  const Seq bound = forward ? *query.after : query.before.value_or(std::numeric_limits<Seq>::max());
  const std::string bound_bytes = binary_int8(bound);
  const std::string limit_bytes = binary_int8(static_cast<std::int64_t>(query.limit));
  const auto rows =
      db.execute(forward ? kAfter : kBefore, {query.room.str(), bound_bytes, limit_bytes});
  if (!rows) return rows.error();

  Page page;
  bool beyond = false;     // more on the far side than the page holds
  bool near_side = false;  // something on the side that the query comes from
  for (int row = 0; row < rows->count(); ++row) {
    const Seq seq = rows->int8(row, kSeq);
    if (forward ? seq <= bound : seq >= bound) {
      near_side = true;
    } else if (rows->is_null(row, kBody)) {
      beyond = true;
    } else {
      auto message = message_of(*rows, row, query.room);
      if (!message) return message.error();
      page.messages.push_back(*std::move(message));
    }
  }
  std::sort(page.messages.begin(), page.messages.end(),
            [](const auto& a, const auto& b) { return a->position.seq < b->position.seq; });
  page.older = forward ? near_side : beyond;
  page.newer = forward ? beyond : near_side;
  return page;
}

}  // namespace stampede::postgres
