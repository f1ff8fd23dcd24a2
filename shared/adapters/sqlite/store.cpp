// SQLite blocks on the disk, so writing and reading have a thread each; WAL lets them go on at the
// same time.
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>

#include "shared/adapters/sqlite/append.h"
#include "shared/adapters/sqlite/page.h"
#include "shared/adapters/sqlite/schema.h"
#include "shared/adapters/sqlite/sqlite.h"
#include "shared/base/log.h"

namespace stampede::sqlite {
namespace {

/// Keeps a second process away: two gateways without servers between them know nothing of each
/// other's positions.
class FileLock {
 public:
  static Result<FileLock> take(const std::filesystem::path& path) {
    FileLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock.fd_ < 0) return Error(Errc::kUnavailable, std::strerror(errno));
    if (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
      return Error(Errc::kUnavailable,
                   errno == EWOULDBLOCK ? "another process has it open" : std::strerror(errno));
    }
    return lock;
  }
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

/// A thread that runs jobs in order; what is left when it ends is cancelled.
class Lane {
 public:
  struct Job {
    std::function<void()> run;
    std::function<void()> cancel;
  };

  /// `name` is what ps shows, at most 15 characters.
  explicit Lane(const char* name)
      : thread_([this, name] {
          pthread_setname_np(pthread_self(), name);
          serve();
        }) {}
  ~Lane() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
    for (const Job& job : jobs_) job.cancel();
  }

  void push(Job job) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
  }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (stopping_) return;
      const Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job.run();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;   ///< guarded by mutex_
  bool stopping_ = false;  ///< guarded by mutex_
  std::thread thread_;
};

Error closing() { return {Errc::kCancelled, "the store is closing"}; }

class SqliteStore final : public MessageStore {
 public:
  SqliteStore(FileLock lock, Database writer, Database reader, Health& health)
      : lock_(std::move(lock)),
        writer_(std::move(writer)),
        reader_(std::move(reader)),
        health_(health) {}

  Result<void> prepare(const Clock& clock, Counter conflicts) {
    auto appender = Appender::make(writer_, clock, conflicts);
    if (!appender) return appender.error();
    auto pages = PageReader::make(reader_);
    if (!pages) return pages.error();
    appender_.emplace(*std::move(appender));
    pages_.emplace(*std::move(pages));
    health_.set("sqlite", true);
    return {};
  }

  void append(std::vector<MessageRef> batch, Reply<Result<AppendOutcome>> stored) override {
    writes_.push({[this, batch = std::move(batch), stored] {
                    auto outcome = appender_->append(batch);
                    report(outcome);
                    stored(std::move(outcome));
                  },
                  [stored] { stored(closing()); }});
  }

  void page(PageQuery query, Reply<Result<Page>> found) override {
    reads_.push({[this, query = std::move(query), found] { found(pages_->read(query)); },
                 [found] { found(closing()); }});
  }

 private:
  /// On the writer's thread: a full disk shows in /readyz until a batch is stored again.
  void report(const Result<AppendOutcome>& outcome) {
    if (outcome.has_value() == writable_) return;
    writable_ = outcome.has_value();
    health_.set("sqlite", writable_, writable_ ? std::string() : outcome.error().detail);
    if (writable_) {
      log_info("sqlite stores again");
    } else {
      log_error("sqlite cannot store", {{"reason", outcome.error().detail}});
    }
  }

  FileLock lock_;
  Database writer_;
  Database reader_;
  Health& health_;
  std::optional<Appender> appender_;
  std::optional<PageReader> pages_;
  bool writable_ = true;
  Lane writes_{"sqlite-write"};
  Lane reads_{"sqlite-read"};
};

Result<std::unique_ptr<MessageStore>> open_files(const std::filesystem::path& path,
                                                 const Clock& clock, Metrics& metrics,
                                                 Health& health) {
  std::error_code ec;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), ec);
  if (ec) return Error(Errc::kUnavailable, "its directory cannot be made: " + ec.message());
  auto lock = FileLock::take(path.string() + ".lock");
  if (!lock) return lock.error();
  auto writer = Database::open(path, Database::Mode::kReadWrite);
  if (!writer) return writer.error();
  if (auto done = apply_schema(*writer); !done) return done.error();
  auto reader = Database::open(path, Database::Mode::kReadOnly);
  if (!reader) return reader.error();
  auto store = std::make_unique<SqliteStore>(*std::move(lock), *std::move(writer),
                                             *std::move(reader), health);
  auto conflicts = metrics.counter("stampede_sqlite_position_conflicts_total",
                                   "Messages whose position another message held.");
  if (auto ready = store->prepare(clock, conflicts); !ready) return ready.error();
  return std::unique_ptr<MessageStore>(std::move(store));
}

}  // namespace

Result<std::unique_ptr<MessageStore>> open_store(const Options& options, const Clock& clock,
                                                 Metrics& metrics, Health& health) {
  auto store = open_files(options.path, clock, metrics, health);
  if (store) return store;
  return Error(store.error().code,
               "message store " + options.path.string() + ": " + store.error().detail);
}

}  // namespace stampede::sqlite
