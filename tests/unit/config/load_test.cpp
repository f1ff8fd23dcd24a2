#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "gateway/config/config.h"
#include "shared/base/version.h"
#include "storage-worker/config/config.h"

namespace stampede::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using config::Action;
using config::Invocation;
using config::Problem;
using gateway::GatewayConfig;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

auto problem(const std::string& where, const std::string& text) {
  return AllOf(Field(&Problem::where, where), Field(&Problem::text, HasSubstr(text)));
}

class LoadTest : public ::testing::Test {
 protected:
  LoadTest() {
    std::string pattern = fs::temp_directory_path() / "stampede-config-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~LoadTest() override { fs::remove_all(directory_); }

  std::string file(const std::string& text) const {
    const std::string path = directory_ / "stampede.toml";
    std::ofstream(path) << text;
    return path;
  }

  static config::Parsed<GatewayConfig> gateway(
      std::vector<std::string> arguments, std::map<std::string, std::string> environment = {}) {
    return gateway::load_config({std::move(arguments), std::move(environment), "my host!", 42});
  }

  static config::Parsed<worker::WorkerConfig> worker(
      std::vector<std::string> arguments, std::map<std::string, std::string> environment = {}) {
    return worker::load_config({std::move(arguments), std::move(environment), "host", 42});
  }

  fs::path directory_;
};

TEST_F(LoadTest, NeedsNothingToRunEmbedded) {
  const auto parsed = gateway({});
  EXPECT_THAT(parsed.problems, IsEmpty());
  EXPECT_EQ(parsed.action, Action::kRun);
  EXPECT_TRUE(parsed.config.embedded());
  EXPECT_EQ(parsed.config.name, "my-host--42");
  EXPECT_EQ(parsed.config.limits.max_body_bytes, 262144U);
  EXPECT_FALSE(parsed.conclude());
}

TEST_F(LoadTest, PrefersFlagToEnvironmentToFileToDefault) {
  const std::string path =
      file("shards = 2\nmax-headers = 20\nlog-level = 'warn'\nallow-anonymous = true\n");
  const auto parsed =
      gateway({"--shards", "4", "--config=" + path, "--allow-anonymous=false"},
              {{"STAMPEDE_SHARDS", "3"}, {"STAMPEDE_MAX_HEADERS", "30"}, {"STAMPEDE_LINGER", ""}});
  EXPECT_THAT(parsed.problems, IsEmpty());
  EXPECT_EQ(parsed.config.shards, 4U);
  EXPECT_EQ(parsed.config.limits.max_headers, 30U);
  EXPECT_EQ(parsed.config.log_level, LogLevel::kWarn);
  EXPECT_FALSE(parsed.config.auth.allow_anonymous);
  EXPECT_EQ(parsed.config.linger, 30s);
}

TEST_F(LoadTest, TakesTheFileFromTheEnvironmentToo) {
  const auto parsed = gateway({}, {{"STAMPEDE_CONFIG", file("heart-beat = \"5s\"")}});
  EXPECT_THAT(parsed.problems, IsEmpty());
  EXPECT_EQ(parsed.config.heart_beat, 5s);
}

TEST_F(LoadTest, ReadsWhatTomlAllowsOnALine) {
  const std::string path = file(
      "# comment\n\n  max-connections = 10_000   # ten thousand\r\nweb-root=\"a # \\\"b\\\" "
      "\\\\c\"\n"
      "data-dir = 'C:\\d'\nallow-anonymous = true#x");
  const auto parsed = gateway({"--config", path});
  EXPECT_THAT(parsed.problems, IsEmpty());
  EXPECT_EQ(parsed.config.limits.max_connections, 10'000U);
  EXPECT_EQ(parsed.config.web_root, "a # \"b\" \\c");
  EXPECT_EQ(parsed.config.data_dir, "C:\\d");
  EXPECT_TRUE(parsed.config.auth.allow_anonymous);
}

TEST_F(LoadTest, NamesTheLineThatIsNotToml) {
  const std::string path = file(
      "shards\n[gateway]\nshards = \"3\nshards = three\nshards = 3 4\nshards = \"\\q\"\n= "
      "3\nshards = 1.5\n");
  const auto parsed = gateway({"--config", path});
  ASSERT_THAT(parsed.problems, SizeIs(8));
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(parsed.problems[i].where, path + ":" + std::to_string(i + 1));
  }
  EXPECT_THAT(parsed.problems[1].text, HasSubstr("sections"));
  EXPECT_EQ(parsed.config.shards, 0U);
}

TEST_F(LoadTest, SaysThatAFileCannotBeRead) {
  EXPECT_THAT(gateway({"--config", directory_ / "none"}).problems,
              ElementsAre(problem(directory_ / "none", "No such file")));
  EXPECT_THAT(gateway({"--config", directory_}).problems,
              ElementsAre(problem(directory_, "cannot be read")));
}

TEST_F(LoadTest, ReportsEveryProblemWithItsSource) {
  const std::string path =
      file("max-body = 'huge'\nrecent_messages = 5\nlog-level = 'loud'\nlog-level = 'info'");
  const auto parsed = gateway(
      {"--listen", "8080", "--config", path, "--lisetn", "x", "--shards", "--linger=1s",
       "--linger=2s", "word"},
      {{"STAMPEDE_HEART_BEAT", "5"}, {"STAMPEDE_LISTN", "x"}, {"STAMPEDE_REDIS_URL", "redis://h"}});
  EXPECT_THAT(parsed.problems,
              ::testing::UnorderedElementsAre(
                  problem("--listen", "\"8080\": it has no port"),
                  problem("--lisetn", "did you mean --listen?"),
                  problem("--shards", "needs a value: COUNT"), problem("--linger", "given twice"),
                  problem("word", "not expected here"),
                  problem(path + ":1: max-body", "\"huge\": allowed are 1KiB to 64MiB"),
                  problem(path + ":2: recent_messages", "did you mean recent-messages?"),
                  problem(path + ":3: log-level", "\"loud\": allowed are debug, info, warn, error"),
                  problem(path + ":4: log-level", "given twice; first at " + path + ":3"),
                  problem("STAMPEDE_HEART_BEAT", "\"5\": allowed are 0 to 10m"),
                  problem("STAMPEDE_LISTN", "did you mean STAMPEDE_LISTEN?"),
                  problem("STAMPEDE_REDIS_URL", "--amqp-url too")));
  EXPECT_EQ(parsed.conclude(), 2);
}

TEST_F(LoadTest, WarnsOfVariablesThatMayBeAnothersOnly) {
  const auto parsed = gateway(
      {}, {{"STAMPEDE_URL", "x"}, {"STAMPEDE_GATEWAY_PORT", "tcp://10.0.0.1:80"}, {"PATH", "x"}});
  EXPECT_THAT(parsed.problems, IsEmpty());
  EXPECT_THAT(parsed.warnings, ElementsAre(AllOf(HasSubstr("STAMPEDE_GATEWAY_PORT, STAMPEDE_URL"),
                                                 Not(HasSubstr("PATH")))));
}

TEST_F(LoadTest, ListensOnLoopbackOnlyWithoutAuthentication) {
  const auto parsed = gateway({}, {{"STAMPEDE_LISTEN", "0.0.0.0:8080"}});
  EXPECT_THAT(parsed.problems,
              ElementsAre(AllOf(problem("STAMPEDE_LISTEN", "without authentication"),
                                problem("STAMPEDE_LISTEN", "loopback only"),
                                problem("STAMPEDE_LISTEN", "--users-file or --jwt-keys"),
                                problem("STAMPEDE_LISTEN", "--allow-anonymous"))));
  EXPECT_THAT(gateway({"--stomp-tcp", "0.0.0.0:61613"}).problems,
              ElementsAre(problem("--stomp-tcp", "loopback only")));
  EXPECT_THAT(gateway({"--listen", "0.0.0.0:8080", "--allow-anonymous"}).problems, IsEmpty());
  EXPECT_THAT(gateway({"--listen", "[::1]:8080"}).problems, IsEmpty());
  EXPECT_THAT(gateway({"--listen", "0.0.0.0:8080", "--users-file", "users"}).problems, IsEmpty());
  EXPECT_THAT(gateway({"--stomp-tcp", "0.0.0.0:61613", "--jwt-keys", "keys"}).problems, IsEmpty());
}

TEST_F(LoadTest, StoreFirstRoomsOfAClusterAreHealedFromTheHistory) {
  std::vector<std::string> cluster{"--amqp-url=amqp://h", "--redis-url=redis://h",
                                   "--store-first=orders.*"};
  EXPECT_THAT(gateway(cluster).problems, ElementsAre(problem("--store-first", "--history-url")));
  cluster.emplace_back("--history-url=http://h");
  EXPECT_THAT(gateway(cluster).problems, IsEmpty());
  EXPECT_THAT(gateway({"--store-first=orders.*"}).problems, IsEmpty()) << "it has its own";
}

TEST_F(LoadTest, HistoryIsReadWithTheKeyThatWorkersAskFor) {
  const std::vector<std::string> cluster{"--amqp-url=amqp://h", "--redis-url=redis://h",
                                         "--history-url=http://h", "--users-file=users"};
  EXPECT_THAT(gateway(cluster).problems, ElementsAre(problem("--history-url", "--admin-key-file")));
  auto with_key = cluster;
  with_key.emplace_back("--admin-key-file=key");
  EXPECT_THAT(gateway(with_key).problems, IsEmpty());
}

TEST_F(LoadTest, TheWorkerListensOnLoopbackOnlyWithoutAuthentication) {
  const std::vector<std::string> servers{"--amqp-url=amqp://h", "--redis-url=redis://h",
                                         "--database-url=postgresql://h/d",
                                         "--listen=0.0.0.0:8090"};
  const auto with = [&](const std::string& flag) {
    auto arguments = servers;
    arguments.push_back(flag);
    return worker(arguments).problems;
  };
  EXPECT_THAT(worker(servers).problems, ElementsAre(problem("--listen", "loopback only")));
  EXPECT_THAT(with("--allow-anonymous"), IsEmpty());
  EXPECT_THAT(with("--users-file=users"), IsEmpty());
}

TEST_F(LoadTest, NobodyIsAnonymousWhereClientsLogIn) {
  EXPECT_THAT(gateway({"--allow-anonymous", "--users-file", "users"}).problems,
              ElementsAre(problem("--allow-anonymous", "--users-file")));
}

TEST_F(LoadTest, TlsNeedsACertificateAndItsKey) {
  EXPECT_THAT(gateway({"--tls-cert", "/no/cert.pem"}).problems,
              ElementsAre(problem("--tls-cert", "--tls-key too")));
  EXPECT_THAT(worker({"--tls-key", "/no/key.pem", "--amqp-url", "amqp://h", "--redis-url",
                      "redis://h", "--database-url", "postgres://h/d"})
                  .problems,
              ElementsAre(problem("--tls-key", "--tls-cert too")));
  const std::string text = file("this is no PEM");
  EXPECT_THAT(gateway({"--tls-cert", "/no/cert.pem", "--tls-key", text}).problems,
              ElementsAre(problem("--tls-cert", "\"/no/cert.pem\" cannot be read: No such file"),
                          problem("--tls-key", "holds no private key in PEM form")));
}

TEST_F(LoadTest, ChecksOptionsTogether) {
  EXPECT_THAT(gateway({"--amqp-url", "amqp://h"}).problems,
              ElementsAre(problem("--amqp-url", "--redis-url too")));
  EXPECT_THAT(gateway({"--metrics-listen", "127.0.0.1:8080"}).problems,
              ElementsAre(problem("--metrics-listen", "--listen's address already")));
  EXPECT_THAT(gateway({"--stomp-tcp", "127.0.0.1:9464", "--listen", "127.0.0.1:9464"}).problems,
              ElementsAre(problem("--metrics-listen", "--listen's address already"),
                          problem("--stomp-tcp", "--listen's address already"),
                          problem("--stomp-tcp", "--metrics-listen's address already")));
  EXPECT_THAT(gateway({"--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"}).problems,
              IsEmpty());
  EXPECT_THAT(gateway({"--max-body", "16MiB"}).problems,
              ElementsAre(problem("--outbox-bytes", "--max-body 16MiB")));
  EXPECT_THAT(gateway({"--max-body", "16MiB", "--outbox-bytes", "20MiB"}).problems, IsEmpty());
}

TEST_F(LoadTest, ShowsEffectiveValuesAndTheirSourceWithoutPasswords) {
  const auto parsed = gateway({"--check-config", "--amqp-url", "amqp://me:hush@h/v"},
                              {{"STAMPEDE_REDIS_URL", "redis://:hush@h"}});
  EXPECT_EQ(parsed.action, Action::kCheck);
  EXPECT_THAT(parsed.text, ::testing::StartsWith("configuration ok\n"));
  EXPECT_THAT(parsed.text, ContainsRegex("\namqp-url += amqp://me:[*]{3}@h/v +# --amqp-url\n"));
  EXPECT_THAT(parsed.text,
              ContainsRegex("\nredis-url += redis://:[*]{3}@h +# STAMPEDE_REDIS_URL\n"));
  EXPECT_THAT(parsed.text, ContainsRegex("\nmax-body += 256KiB +# default\n"));
  EXPECT_THAT(parsed.text, Not(HasSubstr("hush")));
  EXPECT_EQ(parsed.config.amqp_url, "amqp://me:hush@h/v");
}

TEST_F(LoadTest, NamesNoPasswordInProblems) {
  const auto parsed = worker(
      {"--amqp-url=hush1://hush", "--amqp-ulr=amqp://u:hush@h", "--data-ulr", "amqp://u:hush@h",
       "--redis-url", "redis://u:hush@h:x", "--shards=1", "postgres://u:hush@h"},
      {{"STAMPEDE_DATABASE_URL", "postgres://u:hush@h:x/d"}});
  EXPECT_THAT(parsed.problems, SizeIs(7));
  for (const Problem& found : parsed.problems) {
    EXPECT_THAT(found.where + found.text, Not(HasSubstr("hush"))) << found.where;
  }
}

TEST_F(LoadTest, ChecksBeforeItSaysOk) {
  const auto parsed = gateway({"--check-config", "--max-body", "abc"});
  EXPECT_THAT(parsed.problems, SizeIs(1));
  EXPECT_EQ(parsed.text, "");
  EXPECT_EQ(parsed.conclude(), 2);
}

TEST_F(LoadTest, WorkerNamesAllServersItLacks) {
  const auto parsed = worker({"--redis-url", "http://h"});
  EXPECT_THAT(parsed.problems, ElementsAre(problem("--redis-url", "redis:// or rediss://"),
                                           problem("--database-url", "STAMPEDE_DATABASE_URL"),
                                           problem("--amqp-url", "is required")));
}

TEST_F(LoadTest, WorkerMigratesWithTheDatabaseAlone) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"migrate", "--database-url", "postgresql://h/d"},
        std::vector<std::string>{"--database-url", "postgresql://h/d", "migrate"}}) {
    const auto parsed = worker(arguments);
    EXPECT_THAT(parsed.problems, IsEmpty());
    EXPECT_EQ(parsed.action, Action::kMigrate);
    EXPECT_EQ(parsed.config.database_url, "postgresql://h/d");
  }
  EXPECT_THAT(worker({"migrate"}).problems, ElementsAre(problem("--database-url", "is required")));
  EXPECT_THAT(gateway({"migrate"}).problems, ElementsAre(problem("migrate", "not expected")));
}

TEST_F(LoadTest, HashPasswordIsOfTheGatewayAndNeedsNothingElse) {
  const auto parsed = gateway({"hash-password", "--listen", "0.0.0.0:8080"});
  EXPECT_EQ(parsed.action, Action::kHashPassword);
  EXPECT_TRUE(parsed.problems.empty());
  EXPECT_FALSE(parsed.conclude());
  EXPECT_FALSE(worker({"hash-password"}).problems.empty());
}

TEST_F(LoadTest, WorkerPrefetchFillsABatch) {
  const auto parsed = worker({"--amqp-url=amqp://h", "--redis-url=redis://h",
                              "--database-url=postgres://h/d", "--prefetch=10"});
  EXPECT_THAT(parsed.problems, ElementsAre(problem("--prefetch", "--batch-rows 1000")));
}

TEST_F(LoadTest, HelpsAndSaysItsVersionWhateverElseIsWrong) {
  const auto helped = gateway({"--shards", "x", "-h"});
  EXPECT_EQ(helped.action, Action::kHelp);
  EXPECT_THAT(helped.problems, IsEmpty());
  const auto version = worker({"--version"});
  EXPECT_EQ(version.action, Action::kVersion);
  EXPECT_EQ(version.text, "stampede-worker " + std::string(stampede::version()) + "\n");
}

TEST_F(LoadTest, ReadsTheProcess) {
  ::setenv("STAMPEDE_TEST_ONLY", "a=b", 1);
  const char* const arguments[] = {"program", "--shards", "1"};
  const Invocation invocation = Invocation::of_process(3, arguments);
  ::unsetenv("STAMPEDE_TEST_ONLY");
  EXPECT_THAT(invocation.arguments, ElementsAre("--shards", "1"));
  EXPECT_THAT(invocation.environment, Contains(::testing::Pair("STAMPEDE_TEST_ONLY", "a=b")));
  EXPECT_FALSE(invocation.host_name.empty());
  EXPECT_EQ(invocation.process_id, ::getpid());
}

}  // namespace
}  // namespace stampede::test
