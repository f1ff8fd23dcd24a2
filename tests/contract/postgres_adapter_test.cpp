// What only a server at the other end of a connection can do: go away, refuse, be migrated by
// several at once.
#include <gmock/gmock.h>

#include "shared/adapters/postgres/migrations.h"
#include "tests/contract/postgres_fixture.h"

namespace stampede::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class PostgresAdapterTest : public testing::Test {
 protected:
  StoreClient client_;
  const RoomName room_{"lobby"};
};

TEST_F(PostgresAdapterTest, ServesTheNextCallAfterItsConnectionsWereCut) {
  PostgresFixture fixture;
  fixture.schema().disconnect_all();
  const auto stored = client_.append(fixture.store(), {stored_message("lobby", 1)});
  EXPECT_TRUE(stored) << stored.error().detail;
  EXPECT_TRUE(client_.page(fixture.store(), {room_, {}, {}, 10}));
  EXPECT_TRUE(eventually([&] { return fixture.health().ready(); }));
  EXPECT_TRUE(eventually([&] {
    return fixture.metrics().counter("stampede_postgres_reconnects_total", "").value() >= 3;
  })) << "idle connections too";
}

TEST_F(PostgresAdapterTest, LosesNothingWhenConnectionsAreCutWhileItWrites) {
  PostgresFixture fixture;
  std::size_t given = 0;
  for (int round = 0; round < 30; ++round) {
    std::vector<MessageRef> batch;
    for (int i = 0; i < 200; ++i) batch.push_back(stored_message("lobby", Seq(++given)));
    std::thread cutter([&] { fixture.schema().disconnect_all(); });
    // As the ingest does: the same batch until it is stored.
    EXPECT_TRUE(eventually([&] { return client_.append(fixture.store(), batch).has_value(); }));
    cutter.join();
  }
  EXPECT_EQ(Sql(fixture.schema().url()).value("SELECT count(*) FROM messages"),
            std::to_string(given));
}

TEST_F(PostgresAdapterTest, IsolatesRowsThatTheDatabaseRefuses) {
  PostgresFixture fixture;
  Sql(fixture.schema().url())
      .run("ALTER TABLE messages ADD CONSTRAINT no_spam CHECK (sender <> 'spammer')");
  std::vector<MessageRef> batch;
  for (int i = 1; i <= 1000; ++i) {
    auto message = std::make_shared<Message>(*stored_message("lobby", i));
    if (i == 1 || i == 500 || i == 501 || i == 1000) message->sender = UserId("spammer");
    if (i % 7 == 0) message->position = {};
    batch.push_back(std::move(message));
  }
  const auto outcome = client_.append(fixture.store(), batch).value();
  EXPECT_EQ(outcome.inserted, 996u);
  ASSERT_EQ(outcome.refused.size(), 4u);
  for (const auto& refused : outcome.refused) {
    EXPECT_EQ(batch[refused.index]->sender.str(), "spammer");
    EXPECT_THAT(refused.reason, HasSubstr("no_spam"));
    EXPECT_THAT(refused.reason, HasSubstr("23514"));
  }
  EXPECT_EQ(client_.everything(fixture.store(), "lobby").size(), 996u);
}

TEST_F(PostgresAdapterTest, RefusesASenderThatIsNotUtf8) {
  PostgresFixture fixture;
  auto message = std::make_shared<Message>(*stored_message("lobby", 1));
  message->sender = UserId(std::string("a\0b", 3));
  auto other = std::make_shared<Message>(*stored_message("lobby", 2));
  other->sender = UserId("\xff");
  const auto outcome =
      client_.append(fixture.store(), {message, other, stored_message("lobby", 3)}).value();
  EXPECT_EQ(outcome.refused.size(), 2u);
  EXPECT_EQ(outcome.inserted, 1u);
}

TEST_F(PostgresAdapterTest, KeepsABatchWhenTheFaultIsTheDatabases) {
  PostgresFixture fixture;
  Sql sql(fixture.schema().url());
  sql.run("ALTER TABLE messages RENAME TO hidden");
  const auto refused = client_.append(fixture.store(), {stored_message("lobby", 1)});
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().is(Errc::kUnavailable)) << refused.error().detail;
  sql.run("ALTER TABLE hidden RENAME TO messages");
  EXPECT_TRUE(client_.append(fixture.store(), {stored_message("lobby", 1)}));
}

TEST_F(PostgresAdapterTest, CountsPositionConflicts) {
  PostgresFixture fixture;
  EXPECT_TRUE(client_.append(fixture.store(), {stored_message("lobby", 1)}));
  EXPECT_EQ(client_.append(fixture.store(), {stored_message("lobby", 1)}).value().moved, 1u);
  EXPECT_EQ(fixture.metrics().counter("stampede_postgres_position_conflicts_total", "").value(), 1);
}

TEST_F(PostgresAdapterTest, AnswersAtOnceWhileTheDatabaseIsAway) {
  Metrics metrics;
  Health health;
  postgres::Options options;
  options.url = "postgresql://ann:geheim@127.0.0.1:1/nowhere";  // nothing listens on port 1
  auto store = postgres::make_store(options, metrics, health).value();
  const auto stored = client_.append(*store, {stored_message("lobby", 1)});
  ASSERT_FALSE(stored);
  EXPECT_TRUE(stored.error().is(Errc::kUnavailable));
  EXPECT_THAT(stored.error().detail, Not(HasSubstr("geheim")));
  const auto found = client_.page(*store, {room_, {}, {}, 10});
  ASSERT_FALSE(found);
  EXPECT_TRUE(found.error().is(Errc::kUnavailable));
  EXPECT_FALSE(health.ready());
  EXPECT_THAT(health.components().at(0).reason, HasSubstr("127.0.0.1"));
}

TEST_F(PostgresAdapterTest, AHostThatDoesNotResolveIsAReasonInHealth) {
  Metrics metrics;
  Health health;
  postgres::Options options;
  options.url = "postgresql://db.invalid/stampede";
  auto store = postgres::make_store(options, metrics, health).value();
  EXPECT_TRUE(eventually([&] {
    return health.components().at(0).reason.find("db.invalid") != std::string::npos;
  })) << health.components().at(0).reason;
}

TEST_F(PostgresAdapterTest, RefusesAUrlThatIsNoneWithoutShowingThePassword) {
  Metrics metrics;
  Health health;
  for (const std::string url :
       {"", "mysql://127.0.0.1/x", "postgresql://ann:geheim@[::1/x",
        "postgresql://ann:ge%zzheim@h/x", "postgresql://ann:geheim@h/x?nonsense=1"}) {
    postgres::Options options;
    options.url = url;
    const auto store = postgres::make_store(options, metrics, health);
    ASSERT_FALSE(store) << url;
    EXPECT_TRUE(store.error().is(Errc::kInvalidArgument));
    EXPECT_THAT(store.error().detail, Not(HasSubstr("heim")));
  }
}

TEST_F(PostgresAdapterTest, EndsAStatementThatTakesTooLong) {
  Schema schema;
  Metrics metrics;
  Health health;
  postgres::Options options;
  options.url = schema.url();
  options.statement_timeout = std::chrono::milliseconds(200);
  auto store = postgres::make_store(options, metrics, health).value();
  ASSERT_TRUE(eventually([&] { return health.ready(); }));
  Sql blocker(schema.url());
  blocker.run("BEGIN; LOCK TABLE messages");
  const auto stored = client_.append(*store, {stored_message("lobby", 1)});
  ASSERT_FALSE(stored);
  EXPECT_TRUE(stored.error().is(Errc::kUnavailable));
  EXPECT_THAT(stored.error().detail, HasSubstr("57014"));
  blocker.run("COMMIT");
  EXPECT_TRUE(client_.append(*store, {stored_message("lobby", 1)}));
}

TEST_F(PostgresAdapterTest, DestroyingItAnswersWhatWaits) {
  PostgresFixture fixture;
  Sql blocker(fixture.schema().url());
  blocker.run("BEGIN; LOCK TABLE messages");
  std::vector<std::future<Errc>> answers;
  for (int i = 0; i < 3; ++i) {
    auto promise = std::make_shared<std::promise<Errc>>();
    answers.push_back(promise->get_future());
    fixture.store().append(
        {stored_message("lobby", i + 1)},
        Reply<Result<AppendOutcome>>(client_.loop(), [promise](Result<AppendOutcome> outcome) {
          promise->set_value(static_cast<Errc>(outcome.error().code.value()));
        }));
  }
  fixture.destroy_store();
  for (auto& answer : answers) {
    ASSERT_EQ(answer.wait_for(kPatience), std::future_status::ready);
    EXPECT_EQ(answer.get(), Errc::kCancelled);
  }
}

TEST_F(PostgresAdapterTest, CommitsToDiskWhateverTheDefaultIs) {
  Schema schema;
  Sql sql(with_parameter(database_url(), "options=-csynchronous_commit%3Doff"));
  EXPECT_EQ(sql.value("SHOW synchronous_commit"), "on");
}

class PostgresMigrationsTest : public testing::Test {
 protected:
  Schema schema_;
};

TEST_F(PostgresMigrationsTest, MigratesOnceHoweverManyTry) {
  std::vector<std::thread> threads;
  std::atomic<int> applied = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto done = postgres::migrate(schema_.url());
      ASSERT_TRUE(done) << done.error().detail;
      applied += *done;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(applied, static_cast<int>(postgres::migrations().size()));
  EXPECT_EQ(Sql(schema_.url()).value("SELECT count(*) FROM stampede_migrations"),
            std::to_string(postgres::migrations().size()));
  EXPECT_EQ(postgres::migrate(schema_.url()).value(), 0);
}

TEST_F(PostgresMigrationsTest, LeavesNothingBehindWhenOneFails) {
  Sql sql(schema_.url());
  sql.run("CREATE TABLE messages (other int)");
  const auto done = postgres::migrate(schema_.url());
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().detail, HasSubstr("0001_messages"));
  EXPECT_EQ(sql.value("SELECT to_regclass('stampede_migrations') IS NULL"), "t");
}

TEST_F(PostgresMigrationsTest, AUserWhoMayNotCreateTablesWorksOnAMigratedSchema) {
  ASSERT_TRUE(postgres::migrate(schema_.url()));
  Sql sql(schema_.url());
  const std::string role = schema_.name() + "_writer";
  sql.run("CREATE ROLE " + role + "; GRANT USAGE ON SCHEMA " + schema_.name() + " TO " + role +
          "; GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA " + schema_.name() + " TO " + role);
  sql.run("SET ROLE " + role);
  EXPECT_EQ(postgres::apply_migrations(sql.connection()).value(), 0);
  sql.run("RESET ROLE; DROP OWNED BY " + role + "; DROP ROLE " + role);
}

TEST_F(PostgresMigrationsTest, LeavesANewerSchemaAlone) {
  ASSERT_TRUE(postgres::migrate(schema_.url()));
  Sql(schema_.url()).run("INSERT INTO stampede_migrations VALUES (999, '0999_future')");
  EXPECT_EQ(postgres::migrate(schema_.url()).value(), 0);
}

TEST_F(PostgresMigrationsTest, SaysWhichServerCannotBeReached) {
  const auto done = postgres::migrate("postgresql://127.0.0.1:1/stampede");
  ASSERT_FALSE(done);
  EXPECT_TRUE(done.error().is(Errc::kUnavailable));
  EXPECT_THAT(done.error().detail, HasSubstr("127.0.0.1"));
}

}  // namespace
}  // namespace stampede::test
