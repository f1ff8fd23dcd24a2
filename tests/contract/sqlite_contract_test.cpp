// The SQLite adapter against its port's contract, and what only a file can do wrong.
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "shared/adapters/sqlite/database.h"
#include "shared/adapters/sqlite/sqlite.h"
#include "tests/contract/message_store_contract.h"
#include "tests/support/manual_executor.h"

namespace stampede::test {
namespace {

namespace fs = std::filesystem;

/// The threads of a store.
struct StoreLoops {
  StoreLoops() {
    writes.start();
    reads.start();
  }
  sqlite::Executors executors() { return {writes, reads}; }

  Loop writes{"writes"};
  Loop reads{"reads"};
};

/// No file of this process grows beyond `bytes`, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::uintmax_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limited{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limited);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_before_);
  }

 private:
  rlimit before_{};
  /// An error, not the end of the process.
  void (*signal_before_)(int) = std::signal(SIGXFSZ, SIG_IGN);
};

class SqliteContractTest : public testing::Test {
 protected:
  ~SqliteContractTest() override { fs::remove_all(folder_); }

  Result<std::unique_ptr<MessageStore>> open(const fs::path& path) {
    return sqlite::open_store({path}, loops_.executors(), system_clock(), metrics_, health_);
  }

  const fs::path folder_ = fs::temp_directory_path() / ("stampede-" + random_hex(8));
  const fs::path path_ = folder_ / "deeper" / "messages.db";
  Metrics metrics_;
  Health health_;
  StoreClient client_;
  StoreLoops loops_;
};

class SqliteFixture final : public StoreFixture {
 public:
  ~SqliteFixture() override {
    store_.reset();
    fs::remove_all(folder_);
  }
  MessageStore& store() override { return *store_; }

 private:
  const fs::path folder_ = fs::temp_directory_path() / ("stampede-" + random_hex(8));
  Metrics metrics_;
  Health health_;
  StoreLoops loops_;
  std::unique_ptr<MessageStore> store_ =
      sqlite::open_store({folder_ / "messages.db"}, loops_.executors(), system_clock(), metrics_,
                         health_)
          .value();
};

TEST_F(SqliteContractTest, MakesTheDirectoryAndKeepsWhatWasStored) {
  {
    auto store = open(path_).value();
    EXPECT_TRUE(health_.ready());
    EXPECT_TRUE(client_.append(*store, {stored_message("lobby", 1)}));
  }
  auto store = open(path_).value();
  EXPECT_EQ(client_.everything(*store, "lobby").size(), 1u);
}

TEST_F(SqliteContractTest, SaysWhyAFileCannotBeOpened) {
  fs::create_directories(folder_);
  std::ofstream(folder_ / "occupied") << "a file where a directory should be";
  const auto store = open(folder_ / "occupied" / "messages.db");
  ASSERT_FALSE(store);
  EXPECT_TRUE(store.error().is(Errc::kUnavailable));
  EXPECT_THAT(store.error().detail,
              testing::AllOf(testing::HasSubstr((folder_ / "occupied" / "messages.db").string()),
                             testing::HasSubstr("directory")));
}

TEST_F(SqliteContractTest, RefusesAFileThatIsNoDatabase) {
  fs::create_directories(folder_);
  std::ofstream(folder_ / "notes.txt") << std::string(4096, 'n');
  const auto store = open(folder_ / "notes.txt");
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().detail, testing::HasSubstr("not a database"));
}

TEST_F(SqliteContractTest, KeepsASecondProcessOut) {
  auto first = open(path_).value();
  const auto second = open(path_);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().detail, testing::HasSubstr("another process has it open"));
}

TEST_F(SqliteContractTest, RefusesTheFileOfANewerProgram) {
  open(path_).value().reset();
  {
    auto database = sqlite::Database::open(path_, sqlite::Database::Mode::kReadWrite).value();
    ASSERT_TRUE(database.run("PRAGMA user_version = 99"));
  }
  const auto store = open(path_);
  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().detail, testing::HasSubstr("schema version 99"));
}

TEST_F(SqliteContractTest, IsolatesRowsThatATriggerRefuses) {
  open(path_).value().reset();
  {
    auto database = sqlite::Database::open(path_, sqlite::Database::Mode::kReadWrite).value();
    ASSERT_TRUE(
        database.run("CREATE TRIGGER no_spam BEFORE INSERT ON messages WHEN new.sender = 'spammer'"
                     " BEGIN SELECT RAISE(ABORT, 'no spam here'); END"));
  }
  auto store = open(path_).value();
  auto spam = std::make_shared<Message>(*stored_message("lobby", 2));
  spam->sender = UserId("spammer");
  const auto outcome =
      client_.append(*store, {stored_message("lobby", 1), spam, stored_message("lobby", 3)})
          .value();
  EXPECT_EQ(outcome.inserted, 2u);
  ASSERT_EQ(outcome.refused.size(), 1u);
  EXPECT_EQ(outcome.refused[0].index, 1u);
  EXPECT_EQ(outcome.refused[0].reason, "no spam here");
}

TEST_F(SqliteContractTest, AnUnwritableStoreIsUnavailableAndRecovers) {
  auto store = open(path_).value();
  {
    // Another connection that holds the write lock past the busy timeout.
    auto blocker = sqlite::Database::open(path_, sqlite::Database::Mode::kReadWrite).value();
    ASSERT_TRUE(blocker.run("BEGIN IMMEDIATE"));
    const auto refused = client_.append(*store, {stored_message("lobby", 1)});
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(Errc::kUnavailable));
    EXPECT_FALSE(health_.ready());
    EXPECT_TRUE(client_.page(*store, {RoomName("lobby"), {}, {}, 10})) << "reading goes on";
  }
  EXPECT_TRUE(client_.append(*store, {stored_message("lobby", 1)}));
  EXPECT_TRUE(health_.ready());
}

TEST_F(SqliteContractTest, ABatchWhoseCommitFailsIsNotStoredAndMayBeGivenAgain) {
  auto store = open(path_).value();
  // Makes the log larger than whatever else this process writes under the limit.
  ASSERT_TRUE(client_.append(*store, {stored_message("lobby", 1, std::string(1 << 20, 'x'))}));
  const std::vector<MessageRef> batch{stored_message("lobby", 2), stored_message("lobby", 3)};
  {
    const FileSizeLimit full_disk(fs::file_size(path_.string() + "-wal"));
    const auto refused = client_.append(*store, batch);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(Errc::kUnavailable)) << refused.error().detail;
    EXPECT_FALSE(health_.ready());
    EXPECT_EQ(client_.everything(*store, "lobby").size(), 1u);
  }
  EXPECT_EQ(client_.append(*store, batch).value().inserted, 2u);
  EXPECT_TRUE(health_.ready());
  EXPECT_EQ(client_.everything(*store, "lobby").size(), 3u);
}

/// What became of an append: the answer, once there is one.
struct Answer {
  Reply<Result<AppendOutcome>> reply(Executor& on) {
    return {on, [this](Result<AppendOutcome> result) { given = std::move(result); }};
  }
  [[nodiscard]] bool cancelled() const {
    return given && !*given && given->error().is(Errc::kCancelled);
  }
  std::optional<Result<AppendOutcome>> given;
};

/// A store whose threads are pumped by hand.
class SqliteByHandTest : public SqliteContractTest {
 protected:
  std::unique_ptr<MessageStore> open_by_hand() {
    return sqlite::open_store({path_}, {*writes_, reads_}, system_clock(), metrics_, health_)
        .value();
  }
  std::size_t stored(const std::string& room) {
    return client_.everything(*open(path_).value(), room).size();
  }

  ManualExecutor asker_;
  ManualExecutor reads_;
  std::unique_ptr<ManualExecutor> writes_ = std::make_unique<ManualExecutor>();
};

TEST_F(SqliteByHandTest, AppendsInOrderOnTheExecutorAndAnswersThroughTheAskers) {
  auto store = open_by_hand();
  Answer first;
  Answer second;
  store->append({stored_message("lobby", 1)}, first.reply(asker_));
  store->append({stored_message("lobby", 1)}, second.reply(asker_));
  EXPECT_TRUE(asker_.idle()) << "stored inside the call";
  writes_->run();
  EXPECT_FALSE(first.given) << "answered on the store's executor";
  asker_.run();
  EXPECT_EQ(first.given.value().value().inserted, 1u);
  EXPECT_EQ(second.given.value().value().moved, 1u) << "the first one came first";
}

TEST_F(SqliteByHandTest, AStoreThatIsDestroyedCancelsWhatWaits) {
  auto store = open_by_hand();
  Answer append;
  bool page_cancelled = false;
  store->append({stored_message("lobby", 1)}, append.reply(asker_));
  store->page({RoomName("lobby"), {}, {}, 10}, {asker_, [&](const Result<Page>& page) {
                                                  page_cancelled =
                                                      !page && page.error().is(Errc::kCancelled);
                                                }});
  store.reset();
  writes_->run();
  reads_.run();
  asker_.run();
  EXPECT_TRUE(append.cancelled());
  EXPECT_TRUE(page_cancelled);
  EXPECT_EQ(stored("lobby"), 0u);
}

TEST_F(SqliteByHandTest, AnExecutorThatEndsCancelsWhatItDidNotComeTo) {
  auto store = open_by_hand();
  Answer done;
  Answer left;
  store->append({stored_message("lobby", 1)}, done.reply(asker_));
  writes_->run();
  store->append({stored_message("lobby", 2)}, left.reply(asker_));
  store.reset();
  writes_.reset();
  asker_.run();
  EXPECT_EQ(done.given.value().value().inserted, 1u);
  EXPECT_TRUE(left.cancelled());
  EXPECT_EQ(stored("lobby"), 1u);
}

INSTANTIATE_TEST_SUITE_P(Sqlite, MessageStoreContract,
                         testing::Values([] { return std::make_unique<SqliteFixture>(); }));

}  // namespace
}  // namespace stampede::test
