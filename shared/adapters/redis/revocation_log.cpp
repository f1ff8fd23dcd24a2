// A sorted set that everybody polls, rather than publish and subscribe: it is small, it survives
// any outage of ours, and a gateway that starts later reads it like one that was there. A look that
// finds nothing costs Redis some microseconds.
#include "shared/adapters/redis/revocation_log.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace stampede::redis {
namespace {

constexpr std::size_t kPage = 1'000;
/// Asked for again each time: the clock of a replica that has become the server may be behind.
constexpr std::int64_t kOverlapMs = 60'000;

std::string entry_of(const Revocation& revocation) {
  return revocation.user.empty() ? "t:" + revocation.token_id : "u:" + revocation.user.str();
}

/// Nothing when it is not ours: an entry of a later version.
std::optional<Revocation> revocation_of(std::string_view entry, std::int64_t at_ms) {
  if (entry.starts_with("t:")) return Revocation{{}, std::string(entry.substr(2)), at_ms};
  if (entry.starts_with("u:")) return Revocation{UserId(std::string(entry.substr(2))), {}, at_ms};
  return std::nullopt;
}

std::int64_t milliseconds(std::string_view score) {
  std::int64_t value = 0;
  std::from_chars(score.data(), score.data() + score.size(), value);
  return value;
}

}  // namespace

RevocationLog::RevocationLog(Context& context) : context_(context) {}

void RevocationLog::on_open() {
  open_ = true;
  asking_ = false;
  // From the beginning: Redis may be another one, or have lost everything.
  if (!watchers_.empty()) ask(0, true);
}

void RevocationLog::on_close() {
  open_ = false;
  asking_ = false;
}

void RevocationLog::revoke(const Revocation& revocation, const Reply<Result<void>>& revoked) {
  context_.connection.send(Command::call(Script::kRevoke, {context_.keys.revocations()},
                                         {entry_of(revocation),
                                          std::to_string(context_.options.revocation_ttl.count())}),
                           [this, revoked](const Result<Answer>& answer) {
                             if (!answer) {
                               revoked(answer.error());
                               return;
                             }
                             revoked(Result<void>());
                             if (open_ && !asking_ && !watchers_.empty())
                               ask(newest_ms_ - kOverlapMs, false);
                           });
}

void RevocationLog::watch(Executor& on, Revocations::News news) {
  watchers_.emplace_back(&on, std::move(news));
  std::vector<Revocation> all;
  for (const auto& [entry, at_ms] : known_) {
    if (const auto one = revocation_of(entry, at_ms)) all.push_back(*one);
  }
  const auto& [executor, told] = watchers_.back();
  if (!all.empty()) executor->post([told = told, all = std::move(all)] { told(all); });
  if (ticking_) return;
  ticking_ = true;
  if (open_) ask(0, true);
  tick();
}

/// A chain of delayed tasks for the life of the loop.
void RevocationLog::tick() {
  context_.loop.post_after(context_.options.revocation_poll, [this] {
    tick();
    if (open_ && !asking_) ask(newest_ms_ - kOverlapMs, false);
  });
}

void RevocationLog::ask(std::int64_t from_ms, bool whole) {
  asking_ = true;
  if (whole && from_ms == 0) seen_.clear();
  context_.connection.send(
      Command({"ZRANGEBYSCORE", context_.keys.revocations(), std::to_string(from_ms), "+inf",
               "WITHSCORES", "LIMIT", "0", std::to_string(kPage)}),
      [this, from_ms, whole](const Result<Answer>& answer) {
        asking_ = false;
        if (answer) take(*answer, from_ms, whole);
      });
}

void RevocationLog::take(Answer page, std::int64_t from_ms, bool whole) {
  learn(page);
  if (whole) {
    for (std::size_t i = 0; i + 1 < page.size(); i += 2) {
      seen_.emplace(page[i].text(), milliseconds(page[i + 1].text()));
    }
  }
  const std::size_t count = page.size() / 2;
  if (count == kPage) {
    const std::int64_t last = milliseconds(page[page.size() - 1].text());
    // A whole page at one instant does not happen by itself, but must not turn in circles either.
    ask(last > from_ms ? last : from_ms + 1, whole);
    return;
  }
  forget_old();
  if (whole) write_again();
}

void RevocationLog::learn(const Answer& page) {
  std::vector<Revocation> news;
  for (std::size_t i = 0; i + 1 < page.size(); i += 2) {
    const std::int64_t at_ms = milliseconds(page[i + 1].text());
    newest_ms_ = std::max(newest_ms_, at_ms);
    const auto one = revocation_of(page[i].text(), at_ms);
    if (!one) continue;
    std::int64_t& known = known_[std::string(page[i].text())];
    if (known >= at_ms) continue;
    known = at_ms;
    news.push_back(*one);
  }
  tell(news);
}

/// What Redis should have and has not. Everybody who knows it writes it; GT keeps the latest.
void RevocationLog::write_again() {
  std::vector<std::string> lost{"ZADD", context_.keys.revocations(), "GT"};
  for (const auto& [entry, at_ms] : known_) {
    const auto seen = seen_.find(entry);
    if (seen != seen_.end() && seen->second >= at_ms) continue;
    lost.push_back(std::to_string(at_ms));
    lost.push_back(entry);
  }
  seen_.clear();
  if (lost.size() == 3) return;
  log_warn("redis has lost revocations, writing them again", {{"count", (lost.size() - 3) / 2}});
  const auto ignore = [](const Result<Answer>&) {};
  context_.connection.send(Command(std::move(lost)), ignore);
  context_.connection.send(Command({"PEXPIRE", context_.keys.revocations(),
                                    std::to_string(context_.options.revocation_ttl.count())}),
                           ignore);
}

void RevocationLog::forget_old() {
  const auto now = std::chrono::duration_cast<Milliseconds>(system_clock().wall());
  const std::int64_t oldest = (now - context_.options.revocation_ttl).count();
  std::erase_if(known_, [oldest](const auto& entry) { return entry.second < oldest; });
}

void RevocationLog::tell(const std::vector<Revocation>& news) const {
  if (news.empty()) return;
  for (const auto& [executor, told] : watchers_) {
    executor->post([told = told, news] { told(news); });
  }
}

}  // namespace stampede::redis
