// docs/configuration.md and --help say the same as the option tables, because all three are written
// from them. After a change: STAMPEDE_UPDATE_DOCS=1 build/dev/tests/unit/config/unit_config
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <iterator>

#include "gateway/config/config.h"
#include "storage-worker/config/config.h"

namespace stampede::test {
namespace {

using config::OptionTable;
using ::testing::HasSubstr;

constexpr const char* kDocument = STAMPEDE_SOURCE_DIR "/docs/configuration.md";

constexpr const char* kIntroduction = R"(# Configuration

<!-- Written from the option tables in gateway/config and storage-worker/config. After changing them:
     STAMPEDE_UPDATE_DOCS=1 build/dev/tests/unit/config/unit_config -->

Both programs take their options from four places. The earlier one wins:

1. the command line: `--max-body 1MiB` or `--max-body=1MiB`;
2. the environment: `STAMPEDE_MAX_BODY=1MiB`; an empty variable counts as not set;
3. a file named by `--config` or `STAMPEDE_CONFIG`: TOML, every key at the top level, no sections:
   ```toml
   max-body = "1MiB"
   shards = 2
   allow-anonymous = true
   ```
4. the default.

A program with a problem in its configuration does not start: it prints every problem, each with
where it came from and what is allowed, and exits with status 2. `--check-config` does that without
starting anything, or prints the values in use, where each came from, and no password. A variable
whose name is nearly that of an option is a problem; other `STAMPEDE_*` variables are logged as a
warning.

A DURATION is written like `250ms`, `10s`, `2m` or `1h`, a SIZE like `512`, `64KiB` or `16MiB`.
ADDRESS is an IPv4 address, an IPv6 address in brackets (`[::1]:8080`) or `localhost`; a port alone is
refused, because whether everyone or only this machine may connect should be said: `127.0.0.1:8080`
for this machine, `0.0.0.0:8080` for every network it is on. In a URL the characters `/ ? # @ :` of a
user name or password are percent-encoded.

)";

std::string expected_document() {
  gateway::GatewayConfig gateway;
  worker::WorkerConfig worker;
  return kIntroduction + config::help_markdown(gateway::options(gateway)) + "\n" +
         config::help_markdown(worker::options(worker));
}

TEST(ConfigurationDocumentTest, SaysWhatTheTablesSay) {
  const std::string expected = expected_document();
  if (::getenv("STAMPEDE_UPDATE_DOCS") != nullptr) std::ofstream(kDocument) << expected;
  std::ifstream file(kDocument);
  const std::string document{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(document, expected) << "write it anew: STAMPEDE_UPDATE_DOCS=1 <this program>";
}

void expect_complete(const OptionTable& table) {
  const std::string help = config::help_text(table);
  const std::string markdown = config::help_markdown(table);
  std::string words = help;  // the help wraps its lines
  for (std::size_t at = 0; (at = words.find("\n  ", at)) != std::string::npos;) {
    words.replace(at, words.find_first_not_of(" \n", at) - at, " ");
  }
  for (const config::Option& option : table.options()) {
    EXPECT_FALSE(option.help.empty()) << option.name;
    EXPECT_FALSE(option.group.empty()) << option.name;
    for (const std::string& text : {words, markdown}) {
      EXPECT_THAT(text, HasSubstr(option.flag()));
      EXPECT_THAT(text, HasSubstr(option.value.unit));
      EXPECT_THAT(text, HasSubstr(option.value.allowed));
      EXPECT_THAT(text, HasSubstr(option.help));
      EXPECT_THAT(text, HasSubstr(option.shown_default));
    }
    EXPECT_THAT(markdown, HasSubstr(option.environment()));
    EXPECT_THAT(help, HasSubstr("\n" + option.group + ":\n"));
  }
}

TEST(ConfigurationDocumentTest, HelpNamesEveryOptionOfTheGateway) {
  gateway::GatewayConfig config;
  expect_complete(gateway::options(config));
}

TEST(ConfigurationDocumentTest, HelpNamesEveryOptionOfTheWorker) {
  worker::WorkerConfig config;
  const OptionTable table = worker::options(config);
  expect_complete(table);
  EXPECT_THAT(config::help_text(table), HasSubstr("migrate"));
}

TEST(ConfigurationDocumentTest, HelpFitsATerminal) {
  gateway::GatewayConfig config;
  const std::string help = config::help_text(gateway::options(config));
  for (std::size_t start = 0; start < help.size();) {
    const std::size_t end = help.find('\n', start);
    EXPECT_LE(end - start, 104U) << help.substr(start, end - start);
    start = end + 1;
  }
}

}  // namespace
}  // namespace stampede::test
