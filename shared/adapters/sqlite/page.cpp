// A page is a range of the primary key; one row more than asked for tells whether there are others.
#include "shared/adapters/sqlite/page.h"

#include <algorithm>
#include <limits>

#include "shared/model/header_block.h"

namespace stampede::sqlite {
namespace {

enum Column { kSeq, kPrev, kId, kSender, kOrigin, kSentAt, kKey, kContentType, kHeaders, kBody };

#define STAMPEDE_SELECT                                                                      \
  "SELECT seq, prev, id, sender, origin, sent_at_ms, key, content_type, headers, body FROM " \
  "messages WHERE room = ?1 AND seq "

constexpr const char* kBeforeSql = STAMPEDE_SELECT "< ?2 ORDER BY seq DESC LIMIT ?3";
constexpr const char* kAfterSql = STAMPEDE_SELECT "> ?2 ORDER BY seq ASC LIMIT ?3";

#undef STAMPEDE_SELECT

constexpr const char* kAtOrBeforeSql =
    "SELECT 1 FROM messages WHERE room = ?1 AND seq <= ?2 LIMIT 1";
constexpr const char* kAtOrAfterSql =
    "SELECT 1 FROM messages WHERE room = ?1 AND seq >= ?2 LIMIT 1";

Result<MessageRef> message_of(const Statement& row, const RoomName& room) {
  auto message = std::make_shared<Message>();
  auto headers = decode_header_block(row.bytes(kHeaders));
  if (!headers) {
    return Error(Errc::kInternal, "room " + room.str() + ", seq " +
                                      std::to_string(row.int64(kSeq)) + ": " +
                                      headers.error().detail);
  }
  message->room = room;
  message->position = {row.int64(kSeq), row.int64(kPrev)};
  const auto id = row.bytes(kId);
  std::copy_n(id.begin(), std::min(id.size(), message->id.bytes.size()), message->id.bytes.begin());
  message->sender = UserId(std::string(row.bytes(kSender)));
  message->origin = GatewayId(std::string(row.bytes(kOrigin)));
  message->timestamp_ms = row.int64(kSentAt);
  message->key = row.bytes(kKey);
  message->content_type = row.bytes(kContentType);
  message->headers = *std::move(headers);
  message->body = row.bytes(kBody);
  return MessageRef(std::move(message));
}

void bind(Statement& statement, const PageQuery& query, Seq bound) {
  statement.reset();
  statement.bind_text(1, query.room.str());
  statement.bind(2, bound);
}

/// True when there are more rows than the page may hold.
Result<bool> read_rows(Statement& statement, const PageQuery& query,
                       std::vector<MessageRef>& messages) {
  std::size_t bytes = 0;
  while (true) {
    const auto row = statement.step();
    if (!row) return row.error();
    if (!*row) return false;
    bytes += statement.bytes(kBody).size() + statement.bytes(kHeaders).size();
    if (messages.size() == query.limit) return true;
    if (!messages.empty() && bytes > kMaxPageBytes) return true;
    auto message = message_of(statement, query.room);
    if (!message) return message.error();
    messages.push_back(*std::move(message));
  }
}

}  // namespace

PageReader::PageReader(Statement before, Statement after, Statement at_or_before,
                       Statement at_or_after)
    : before_(std::move(before)),
      after_(std::move(after)),
      at_or_before_(std::move(at_or_before)),
      at_or_after_(std::move(at_or_after)) {}

Result<PageReader> PageReader::make(Database& database) {
  auto before = database.prepare(kBeforeSql);
  if (!before) return before.error();
  auto after = database.prepare(kAfterSql);
  if (!after) return after.error();
  auto at_or_before = database.prepare(kAtOrBeforeSql);
  if (!at_or_before) return at_or_before.error();
  auto at_or_after = database.prepare(kAtOrAfterSql);
  if (!at_or_after) return at_or_after.error();
  return PageReader(*std::move(before), *std::move(after), *std::move(at_or_before),
                    *std::move(at_or_after));
}

Result<Page> PageReader::read(const PageQuery& query) {
  const bool forward = query.after.has_value();
  const Seq bound = forward ? *query.after : query.before.value_or(std::numeric_limits<Seq>::max());
  Page page;
  Statement& rows = forward ? after_ : before_;
  bind(rows, query, bound);
  rows.bind(3, static_cast<std::int64_t>(query.limit) + 1);
  const auto beyond = read_rows(rows, query, page.messages);
  rows.reset();
  if (!beyond) return beyond.error();
  if (!forward) std::reverse(page.messages.begin(), page.messages.end());

  Statement& other = forward ? at_or_before_ : at_or_after_;
  bind(other, query, bound);
  const auto near_side = other.step();
  other.reset();
  if (!near_side) return near_side.error();
  page.older = forward ? *near_side : *beyond;
  page.newer = forward ? *beyond : *near_side;
  return page;
}

}  // namespace stampede::sqlite
