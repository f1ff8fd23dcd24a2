// SQLite blocks on the disk, so writing and reading have an executor each; WAL lets them go on at
// the same time.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

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

/// An answer that is owed: kCancelled when what was asked is dropped without having been done.
template <class T>
class Owed {
 public:
  explicit Owed(Reply<Result<T>> reply) : reply_(std::move(reply)) {}
  Owed(const Owed&) = delete;
  Owed& operator=(const Owed&) = delete;
  ~Owed() {
    if (!answered_) reply_(Error(Errc::kCancelled, "the store is closing"));
  }

  void answer(Result<T> result) {
    answered_ = true;
    reply_(std::move(result));
  }

 private:
  Reply<Result<T>> reply_;
  bool answered_ = false;
};

/// The open file: `append` on one thread, `page` on another. Goes with the store, or with the job
/// that is using it then.
class File {
 public:
  File(FileLock lock, Database writer, Database reader, Health& health)
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

  Result<AppendOutcome> append(const std::vector<MessageRef>& batch) {
    auto outcome = appender_->append(batch);
    report(outcome);
    return outcome;
  }
  Result<Page> page(const PageQuery& query) { return pages_->read(query); }

 private:
  /// A full disk shows in /readyz until a batch is stored again.
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
  bool writable_ = true;  ///< the writing thread's
};

class SqliteStore final : public MessageStore {
 public:
  SqliteStore(std::shared_ptr<File> file, Executors on) : file_(std::move(file)), on_(on) {}

  void append(std::vector<MessageRef> batch, Reply<Result<AppendOutcome>> stored) override {
    run<AppendOutcome>(on_.writes, std::move(stored),
                       [batch = std::move(batch)](File& file) { return file.append(batch); });
  }

  void page(PageQuery query, Reply<Result<Page>> found) override {
    run<Page>(on_.reads, std::move(found),
              [query = std::move(query)](File& file) { return file.page(query); });
  }

 private:
  template <class T, class Job>
  void run(Executor& on, Reply<Result<T>> reply, Job job) {
    on.post([open = std::weak_ptr(file_), owed = std::make_shared<Owed<T>>(std::move(reply)),
             job = std::move(job)] {
      auto file = open.lock();
      if (!file) return;
      auto result = job(*file);
      // Who is answered may close the store and open it again.
      file.reset();
      owed->answer(std::move(result));
    });
  }

  std::shared_ptr<File> file_;
  Executors on_;
};

Result<std::unique_ptr<MessageStore>> open_file(const std::filesystem::path& path, Executors on,
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
  auto file =
      std::make_shared<File>(*std::move(lock), *std::move(writer), *std::move(reader), health);
  auto conflicts = metrics.counter("stampede_sqlite_position_conflicts_total",
                                   "Messages whose position another message held.");
  if (auto ready = file->prepare(clock, conflicts); !ready) return ready.error();
  return std::unique_ptr<MessageStore>(std::make_unique<SqliteStore>(std::move(file), on));
}

}  // namespace

Result<std::unique_ptr<MessageStore>> open_store(const Options& options, Executors on,
                                                 const Clock& clock, Metrics& metrics,
                                                 Health& health) {
  auto store = open_file(options.path, on, clock, metrics, health);
  if (store) return store;
  return Error(store.error().code,
               "message store " + options.path.string() + ": " + store.error().detail);
}

}  // namespace stampede::sqlite
