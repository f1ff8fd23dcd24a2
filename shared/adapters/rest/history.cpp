#include <algorithm>
#include <deque>
#include <mutex>
#include <utility>

#include "shared/adapters/rest/exchange.h"
#include "shared/adapters/rest/rest.h"
#include "shared/model/message_block.h"

namespace stampede::rest {
namespace {

Result<Endpoint> parse_url(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  const Error wrong(Errc::kInvalidArgument, "'" + std::string(url) +
                                                "' is not a history URL; allowed: "
                                                "http://host[:port]");
  if (!url.starts_with(kScheme)) return wrong;
  url.remove_prefix(kScheme.size());
  if (url.ends_with('/')) url.remove_suffix(1);
  if (url.find_first_of("/?#@ ") != std::string_view::npos) return wrong;
  Endpoint out;
  const std::size_t colon = url.rfind(':');
  const bool has_port = colon != std::string_view::npos && url.find(']', colon) == url.npos;
  std::string_view host = has_port ? url.substr(0, colon) : url;
  if (has_port) out.port = url.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || out.port.empty()) return wrong;
  out.host = host;
  return out;
}

std::string target_of(const PageQuery& query) {
  std::string target =
      "/api/v1/rooms/" + query.room.str() + "/messages?limit=" + std::to_string(query.limit);
  if (query.before) target += "&before=" + std::to_string(*query.before);
  if (query.after) target += "&after=" + std::to_string(*query.after);
  return target;
}

Result<Page> page_of(const Exchange::Answer& answer) {
  if (answer.result_int() != 200) {
    return Error(Errc::kUnavailable,
                 "history answers with status " + std::to_string(answer.result_int()));
  }
  if (answer[boost::beast::http::field::content_type] != kMessageBlockType) {
    return Error(Errc::kProtocol, "history answers with another type than asked for");
  }
  auto block = decode_message_block(answer.body());
  if (!block) return block.error();
  return Page{std::move(block->messages), block->older, block->newer};
}

class RestHistory final : public History {
 public:
  RestHistory(Loop& loop, const Options& options, Endpoint server, Metrics& metrics)
      : loop_(loop),
        options_(options),
        server_(std::move(server)),
        pages_(metrics.counter("stampede_history_pages_total", "Pages of history asked for.")),
        failures_(metrics.counter("stampede_history_failures_total",
                                  "Pages of history that were not answered.")),
        seconds_(metrics.histogram("stampede_history_seconds", "From asking for a page to it.",
                                   latency_bounds())) {}

  ~RestHistory() override {
    const Error error(Errc::kCancelled, "history is shutting down");
    for (const auto& [exchange, job] : busy_) {
      exchange->abandon();
      job.found(error);
    }
    for (const auto& exchange : idle_) exchange->abandon();
    for (const Job& job : waiting_) job.found(error);
  }

  void page(PageQuery query, Reply<Result<Page>> found) override {
    pages_.add();
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.size() < options_.waiting) {
        waiting_.push_back({std::move(query), std::move(found), system_clock().now()});
        loop_.post([this] { pump(); });
        return;
      }
    }
    failures_.add();
    found(Error(Errc::kOverloaded, "more than " + std::to_string(options_.waiting) +
                                       " pages of history are waited for"));
  }

 private:
  struct Job {
    PageQuery query;
    Reply<Result<Page>> found;
    Clock::Instant since;
  };
  using Busy = std::vector<std::pair<std::shared_ptr<Exchange>, Job>>;

  void pump() {
    while (busy_.size() < options_.connections) {
      std::optional<Job> job = next();
      if (!job) return;
      std::shared_ptr<Exchange> exchange;
      if (idle_.empty()) {
        exchange = std::make_shared<Exchange>(loop_.context(), server_);
      } else {
        exchange = std::move(idle_.back());
        idle_.pop_back();
      }
      busy_.emplace_back(exchange, *job);
      const auto waited =
          std::chrono::duration_cast<Milliseconds>(system_clock().now() - job->since);
      exchange->get(
          {target_of(job->query), std::string(kMessageBlockType), options_.authorization()},
          options_.timeout - waited,
          [this, raw = exchange.get()](const Result<Exchange::Answer>& answer) {
            on_answer(raw, answer);
          });
    }
  }

  /// Answers those that have waited too long itself.
  std::optional<Job> next() {
    const std::lock_guard lock(mutex_);
    while (!waiting_.empty()) {
      Job job = std::move(waiting_.front());
      waiting_.pop_front();
      if (system_clock().now() - job.since < options_.timeout) return job;
      failures_.add();
      job.found(Error(Errc::kUnavailable, "no connection to history was free in time"));
    }
    return std::nullopt;
  }

  void on_answer(const Exchange* exchange, const Result<Exchange::Answer>& answer) {
    const auto at = std::find_if(busy_.begin(), busy_.end(),
                                 [&](const auto& one) { return one.first.get() == exchange; });
    const Job job = std::move(at->second);
    idle_.push_back(std::move(at->first));
    busy_.erase(at);
    const std::chrono::duration<double> took = system_clock().now() - job.since;
    seconds_.observe(took.count());
    auto page = answer ? page_of(*answer) : Result<Page>(answer.error());
    if (!page) failures_.add();
    job.found(std::move(page));
    pump();
  }

  Loop& loop_;
  const Options options_;
  const Endpoint server_;
  std::mutex mutex_;
  std::deque<Job> waiting_;  ///< guarded by mutex_
  // The loop's thread only.
  Busy busy_;
  std::vector<std::shared_ptr<Exchange>> idle_;

  const Counter pages_;
  const Counter failures_;
  const Histogram seconds_;
};

}  // namespace

Result<std::unique_ptr<History>> make_history(Loop& loop, const Options& options,
                                              Metrics& metrics) {
  auto server = parse_url(options.url);
  if (!server) return server.error();
  return std::make_unique<RestHistory>(loop, options, *std::move(server), metrics);
}

}  // namespace stampede::rest
