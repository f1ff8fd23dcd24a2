// Wires lanes to queues: one lane writes, so that the order in which batches are given is the order
// in which they are stored; the others read.
#include "shared/adapters/postgres/append.h"
#include "shared/adapters/postgres/chains.h"
#include "shared/adapters/postgres/lane.h"
#include "shared/adapters/postgres/migrations.h"
#include "shared/adapters/postgres/page.h"
#include "shared/adapters/postgres/postgres.h"

namespace stampede::postgres {
namespace {

/// More than the callers of the two methods can have in flight; a bound against their faults.
constexpr std::size_t kMostJobs = 1'024;

using std::chrono::steady_clock;

Result<void> set_up_writer(Connection& db) {
  if (auto applied = apply_migrations(db); !applied) return applied.error();
  return prepare_append(db);
}

Result<void> set_up_reader(Connection& db) {
  if (auto applied = apply_migrations(db); !applied) return applied.error();
  if (auto prepared = prepare_page(db); !prepared) return prepared;
  return prepare_chains(db);
}

Histogram statement_seconds(Metrics& metrics, const char* statement) {
  return metrics.histogram("stampede_postgres_statement_seconds",
                           "From taking a batch or a page query to having its answer.",
                           latency_bounds(), {{"statement", statement}});
}

double seconds_since(steady_clock::time_point start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

class PostgresStore final : public Store {
 public:
  PostgresStore(Options options, Metrics& metrics, Health& health)
      : options_(std::move(options)),
        append_seconds_(statement_seconds(metrics, "append")),
        page_seconds_(statement_seconds(metrics, "page")),
        inspect_seconds_(statement_seconds(metrics, "inspect")),
        conflicts_(metrics.counter("stampede_postgres_position_conflicts_total",
                                   "Messages whose position another message held.")),
        status_(options_.readers + 1, metrics, health) {
    lanes_.push_back(std::make_unique<Lane>(0, options_, writes_, &set_up_writer, status_, stop_));
    for (std::size_t reader = 1; reader <= options_.readers; ++reader) {
      lanes_.push_back(
          std::make_unique<Lane>(reader, options_, reads_, &set_up_reader, status_, stop_));
    }
  }

  ~PostgresStore() override {
    stop_.raise();
    lanes_.clear();
    const Error why(Errc::kCancelled, "the store is closing");
    writes_.close(why);
    reads_.close(why);
  }

  void append(std::vector<MessageRef> batch, Reply<Result<AppendOutcome>> stored) override {
    auto run = [this, batch = std::move(batch), stored](Connection& db) -> std::optional<Error> {
      const auto start = steady_clock::now();
      auto outcome = Append(db, batch, conflicts_).run();
      append_seconds_.observe(seconds_since(start));
      if (!outcome) return outcome.error();
      stored(std::move(outcome));
      return std::nullopt;
    };
    submit(writes_, {std::move(run), [stored](Error why) { stored(std::move(why)); }});
  }

  void page(PageQuery query, Reply<Result<Page>> found) override {
    auto run = [this, query = std::move(query), found](Connection& db) -> std::optional<Error> {
      const auto start = steady_clock::now();
      auto page = read_page(db, query);
      page_seconds_.observe(seconds_since(start));
      if (!page) return page.error();
      found(std::move(page));
      return std::nullopt;
    };
    submit(reads_, {std::move(run), [found](Error why) { found(std::move(why)); }});
  }

  void inspect(std::vector<Stretch> stretches,
               Reply<Result<std::vector<StoredChain>>> found) override {
    auto run = [this, stretches = std::move(stretches),
                found](Connection& db) -> std::optional<Error> {
      const auto start = steady_clock::now();
      auto chains = inspect_chains(db, stretches);
      inspect_seconds_.observe(seconds_since(start));
      if (!chains) return chains.error();
      found(std::move(chains));
      return std::nullopt;
    };
    submit(reads_, {std::move(run), [found](Error why) { found(std::move(why)); }});
  }

  void hold_lease(std::string name, std::string holder, Milliseconds time,
                  Reply<Result<bool>> held) override {
    auto run = [name = std::move(name), holder = std::move(holder), time,
                held](Connection& db) -> std::optional<Error> {
      auto mine = postgres::hold_lease(db, name, holder, time);
      if (!mine) return mine.error();
      held(std::move(mine));
      return std::nullopt;
    };
    submit(reads_, {std::move(run), [held](Error why) { held(std::move(why)); }});
  }

 private:
  static void submit(JobQueue& queue, Job job) {
    if (queue.push(job)) return;
    job.give_up(Error(Errc::kOverloaded, "too many calls are waiting for the database"));
  }

  const Options options_;
  const Histogram append_seconds_;
  const Histogram page_seconds_;
  const Histogram inspect_seconds_;
  const Counter conflicts_;
  LinkStatus status_;
  WakeUp stop_;
  JobQueue writes_{kMostJobs};
  JobQueue reads_{kMostJobs};
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace

Result<std::unique_ptr<Store>> make_store(Options options, Metrics& metrics, Health& health) {
  if (auto valid = check_url(options.url); !valid) return valid.error();
  return std::unique_ptr<Store>(
      std::make_unique<PostgresStore>(std::move(options), metrics, health));
}

Result<int> migrate(const std::string& url) {
  if (auto valid = check_url(url); !valid) return valid.error();
  const Options defaults;
  const WakeUp never;
  Connection db(never);
  if (auto made = db.open(url, defaults.connect_timeout, defaults.statement_timeout); !made) {
    return made.error();
  }
  return apply_migrations(db);
}

}  // namespace stampede::postgres
