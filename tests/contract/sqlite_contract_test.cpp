// The SQLite adapter against its port's contract, and what only a file can do wrong.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "shared/adapters/sqlite/database.h"
#include "shared/adapters/sqlite/sqlite.h"
#include "tests/contract/message_store_contract.h"

namespace stampede::test {
namespace {

namespace fs = std::filesystem;

class SqliteContractTest : public testing::Test {
 protected:
  ~SqliteContractTest() override { fs::remove_all(folder_); }

  Result<std::unique_ptr<MessageStore>> open(const fs::path& path) {
    return sqlite::open_store({path}, system_clock(), metrics_, health_);
  }

  const fs::path folder_ = fs::temp_directory_path() / ("stampede-" + random_hex(8));
  const fs::path path_ = folder_ / "deeper" / "messages.db";
  Metrics metrics_;
  Health health_;
  StoreClient client_;
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
  std::unique_ptr<MessageStore> store_ =
      sqlite::open_store({folder_ / "messages.db"}, system_clock(), metrics_, health_).value();
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

INSTANTIATE_TEST_SUITE_P(Sqlite, MessageStoreContract,
                         testing::Values([] { return std::make_unique<SqliteFixture>(); }));

}  // namespace
}  // namespace stampede::test
