// Who may know whom (docs/decisions/0001-the-house.md), held against every #include of the tree.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Rule {
  std::vector<std::string> rooms;      ///< prefixes of our own files that may be included
  std::vector<std::string> libraries;  ///< prefixes of third-party headers that may be included
};

/// The longest matching key rules. A room may always include itself.
const std::map<std::string, Rule>& rules() {
  static const std::map<std::string, Rule> table{
      {"shared/base/", {{}, {"boost/system", "spdlog/", "prometheus/"}}},
      {"shared/model/", {{"shared/base/"}, {}}},
      {"shared/stomp/", {{"shared/base/"}, {}}},
      {"shared/ports/", {{"shared/base/", "shared/model/"}, {}}},
      {"shared/runtime/",
       {{"shared/base/"}, {"boost/asio", "boost/beast", "boost/intrusive", "boost/system"}}},
      {"shared/config/", {{"shared/base/"}, {"CLI/", "boost/asio/ip"}}},
      {"shared/auth/",
       {{"shared/base/", "shared/ports/revocations.h", "shared/runtime/"},
        {"cjose/", "openssl/", "rapidjson/", "sodium.h"}}},
      {"shared/auth/auth_options", {{"shared/auth/", "shared/base/", "shared/config/"}, {}}},
      {"shared/sockets/",
       {{"shared/base/", "shared/runtime/"}, {"boost/asio", "boost/system", "openssl/"}}},
      {"shared/sockets/tls_options", {{"shared/base/", "shared/config/", "shared/sockets/"}, {}}},
      {"shared/http/",
       {{"shared/base/", "shared/runtime/", "shared/sockets/"}, {"boost/", "rapidjson/"}}},
      {"shared/adapters/memory/", {{"shared/base/", "shared/model/", "shared/ports/"}, {}}},
      {"shared/adapters/sqlite/",
       {{"shared/base/", "shared/model/", "shared/ports/", "shared/runtime/"}, {"sqlite3.h"}}},
      {"shared/adapters/postgres/",
       {{"shared/base/", "shared/model/", "shared/ports/", "shared/runtime/"},
        {"libpq-fe.h", "postgresql/"}}},
      {"shared/adapters/redis/",
       {{"shared/base/", "shared/model/", "shared/ports/", "shared/runtime/"},
        {"hiredis/", "boost/asio", "boost/system"}}},
      {"shared/adapters/rest/",
       {{"shared/base/", "shared/model/", "shared/ports/", "shared/runtime/"},
        {"boost/asio", "boost/beast", "boost/system"}}},
      {"shared/adapters/rabbitmq/",
       {{"shared/base/", "shared/model/", "shared/ports/", "shared/runtime/"},
        {"amqp", "rabbitmq-c/", "boost/asio", "boost/system", "openssl/"}}},
      {"gateway/config/",
       {{"shared/auth/auth_options.h", "shared/base/", "shared/config/",
         "shared/sockets/tls_options.h"},
        {}}},
      {"gateway/net/",
       {{"gateway/session/transport.h", "gateway/session/slice.h", "gateway/session/outbox.h",
         "gateway/session/close_reason.h", "gateway/session/limit.h", "shared/base/",
         "shared/http/", "shared/runtime/", "shared/sockets/"},
        {"boost/", "openssl/", "zlib.h"}}},
      {"gateway/users/",
       {{"gateway/rooms/audience.h", "gateway/rooms/local_fanout.h", "shared/base/",
         "shared/model/", "shared/ports/"},
        {}}},
      {"gateway/session/",
       {{"gateway/rooms/", "gateway/users/", "shared/auth/", "shared/base/", "shared/model/",
         "shared/stomp/", "shared/ports/", "shared/runtime/timer_wheel.h"},
        {}}},
      {"gateway/rooms/",
       {{"gateway/session/frame_sink.h", "gateway/session/slice.h", "gateway/session/frames.h",
         "shared/base/", "shared/model/", "shared/stomp/", "shared/ports/"},
        {}}},
      {"gateway/rooms/presence_messages",
       {{"gateway/rooms/", "shared/base/", "shared/model/", "shared/ports/"}, {"rapidjson/"}}},
      {"storage-worker/config/",
       {{"shared/auth/auth_options.h", "shared/base/", "shared/config/",
         "shared/sockets/tls_options.h"},
        {}}},
      {"storage-worker/api/",
       {{"shared/auth/", "shared/base/", "shared/model/", "shared/ports/", "shared/http/"},
        {"rapidjson/"}}},
      {"storage-worker/",
       {{"shared/base/", "shared/model/", "shared/ports/", "shared/runtime/"}, {}}},
  };
  return table;
}

/// Composition roots and programs: they wire, so they may name everything.
bool is_composition_root(const std::string& file) {
  const std::string name = fs::path(file).stem().string();
  const std::string folder = fs::path(file).parent_path().string();
  return (folder == "gateway" || folder == "storage-worker") &&
         (name.starts_with("app") || name == "main");
}

bool starts_with_any(const std::string& text, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const std::string& prefix) { return text.starts_with(prefix); });
}

const std::pair<const std::string, Rule>* rule_of(const std::string& file) {
  const std::pair<const std::string, Rule>* best = nullptr;
  for (const auto& entry : rules()) {
    if (file.starts_with(entry.first) &&
        (best == nullptr || entry.first.size() > best->first.size())) {
      best = &entry;
    }
  }
  return best;
}

/// Empty when the include is allowed.
std::string judge(const std::string& file, const std::string& included, bool quoted) {
  const auto* const rule = rule_of(file);
  if (rule == nullptr) return file + " stands in a folder without an include rule";
  if (quoted) {
    if (included.starts_with(rule->first) || starts_with_any(included, rule->second.rooms))
      return {};
    return file + " may not include " + included;
  }
  const bool third_party = included.find('/') != std::string::npos || included.ends_with(".h");
  static const std::vector<std::string> kSystem{"sys/",     "netinet/",  "arpa/",
                                                "unistd.h", "pthread.h", "fcntl.h",
                                                "poll.h",   "netdb.h",   "termios.h"};
  if (!third_party || starts_with_any(included, kSystem) ||
      starts_with_any(included, rule->second.libraries)) {
    return {};
  }
  return file + " may not include <" + included + ">";
}

std::vector<std::string> violations_of(const fs::path& root, const fs::path& path) {
  const std::string file = fs::relative(path, root).generic_string();
  std::vector<std::string> found;
  if (is_composition_root(file)) return found;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("#include ")) continue;
    const char open = line[9];
    const std::size_t end = line.find(open == '"' ? '"' : '>', 10);
    const std::string problem = judge(file, line.substr(10, end - 10), open == '"');
    if (!problem.empty()) found.push_back(problem);
  }
  return found;
}

TEST(IncludeRulesTest, ArrowsPointDownTheTable) {
  const fs::path root = STAMPEDE_SOURCE_DIR;
  std::size_t files = 0;
  for (const char* top : {"shared", "gateway", "storage-worker"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const auto extension = entry.path().extension();
      if (extension != ".h" && extension != ".cpp") continue;
      ++files;
      for (const std::string& problem : violations_of(root, entry.path())) {
        ADD_FAILURE() << problem;
      }
    }
  }
  EXPECT_GT(files, 40u) << "the tree was not found";
}

TEST(IncludeRulesTest, JudgesForbiddenArrows) {
  EXPECT_NE(judge("shared/base/log.cpp", "shared/model/message.h", true), "");
  EXPECT_NE(judge("shared/stomp/decoder.cpp", "boost/asio.hpp", false), "");
  EXPECT_NE(judge("gateway/rooms/room_order.cpp", "shared/adapters/redis/redis.h", true), "");
  EXPECT_NE(judge("shared/adapters/redis/redis.cpp", "shared/adapters/memory/memory.h", true), "");
  EXPECT_NE(judge("storage-worker/ingest.cpp", "shared/stomp/frame.h", true), "");
  EXPECT_NE(judge("somewhere/else.cpp", "shared/base/ids.h", true), "");
  EXPECT_EQ(judge("shared/ports/message_bus.h", "shared/model/message.h", true), "");
  EXPECT_EQ(judge("shared/base/log.cpp", "vector", false), "");
}

}  // namespace
