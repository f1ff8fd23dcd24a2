// The names of the metrics are an interface: dashboards and alerts break when one changes. What the
// programs expose is held against docs/metrics.md, word for word; STAMPEDE_UPDATE_DOCS=1 in the
// environment writes that file anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "gateway/app.h"
#include "storage-worker/app.h"
#include "tests/support/test_certificate.h"

namespace stampede {
namespace {

namespace fs = std::filesystem;

const fs::path kDocument = fs::path(STAMPEDE_SOURCE_DIR) / "docs/metrics.md";

struct Family {
  std::string type;
  std::string help;
  std::set<std::string> labels;
  std::set<std::string> programs;
};
using Families = std::map<std::string, Family>;

/// The name of the family that a sample belongs to: histograms have three kinds of samples.
std::string family_of(const Families& families, std::string sample) {
  for (const char* suffix : {"_bucket", "_sum", "_count"}) {
    if (families.contains(sample)) break;
    if (sample.ends_with(suffix)) sample.resize(sample.size() - std::string(suffix).size());
  }
  return sample;
}

void add_labels(Families& families, const std::string& line) {
  const std::size_t brace = line.find('{');
  if (brace == std::string::npos) return;
  Family& family = families[family_of(families, line.substr(0, brace))];
  for (std::size_t at = brace + 1; line[at] != '}';) {
    const std::size_t equals = line.find('=', at);
    const std::string label = line.substr(at, equals - at);
    if (label != "le") family.labels.insert(label);
    at = line.find('"', equals + 2) + 1;
    if (line[at] == ',') ++at;
  }
}

void add(Families& families, const std::string& program, const Metrics& metrics) {
  std::istringstream text(metrics.expose());
  for (std::string line; std::getline(text, line);) {
    if (!line.starts_with('#')) {
      add_labels(families, line);
      continue;
    }
    const std::size_t name_end = line.find(' ', 7);
    Family& family = families[line.substr(7, name_end - 7)];
    family.programs.insert(program);
    (line.starts_with("# TYPE") ? family.type : family.help) = line.substr(name_end + 1);
  }
}

std::string joined(const std::set<std::string>& parts, const std::string& quote) {
  std::string out;
  for (const std::string& part : parts) {
    out += (out.empty() ? "" : ", ") + quote + part + quote;
  }
  return out;
}

std::string document(const Families& families) {
  std::string out =
      "# Metrics\n\n"
      "What `/metrics` shows, as Prometheus text. Written from the programs by "
      "`STAMPEDE_UPDATE_DOCS=1 "
      "build/dev/tests/unit/app/unit_app`\nand held to them by the same test. \"embedded\" is a "
      "gateway "
      "without servers around it. Histograms of seconds have buckets from 100\nmicroseconds to 10 "
      "seconds.\n\n"
      "| metric | type | labels | of | it tells |\n|---|---|---|---|---|\n";
  for (const auto& [name, family] : families) {
    out += "| `" + name + "` | " + family.type + " | " + joined(family.labels, "`") + " | " +
           joined(family.programs, "") + " | " + family.help + " |\n";
  }
  return out;
}

class MetricsGoldenTest : public testing::Test {
 protected:
  MetricsGoldenTest() { certificate_.make("cert.pem", "key.pem", "golden"); }
  void TearDown() override { fs::remove_all(folder_); }

  gateway::GatewayConfig gateway_config() const {
    gateway::GatewayConfig config;
    config.name = "golden";
    config.listen.port = 0;
    config.stomp_tcp = config::Endpoint{"127.0.0.1", 0};
    config.metrics_listen.port = 0;
    config.tls = tls_;
    config.data_dir = folder_.string();
    return config;
  }

  test::CertificateFolder certificate_;
  sockets::TlsOptions tls_{certificate_.path("cert.pem"), certificate_.path("key.pem"),
                           Milliseconds(10'000)};
  fs::path folder_ = fs::temp_directory_path() / ("stampede-golden-" + random_hex(6));
};

TEST_F(MetricsGoldenTest, TheDocumentListsWhatTheProgramsExpose) {
  // Nothing listens on port 1: the programs are built, not connected.
  Families families;
  const auto embedded = gateway::App::build(gateway_config());
  ASSERT_TRUE(embedded) << embedded.error().detail;
  add(families, "embedded", (*embedded)->metrics());

  gateway::GatewayConfig clustered = gateway_config();
  clustered.amqp_url = "amqp://nobody:nothing@127.0.0.1:1/";
  clustered.redis_url = "redis://127.0.0.1:1";
  clustered.history_url = "http://127.0.0.1:1";
  const auto gateway = gateway::App::build(clustered);
  ASSERT_TRUE(gateway) << gateway.error().detail;
  add(families, "gateway", (*gateway)->metrics());

  worker::WorkerConfig config;
  config.listen.port = 0;
  config.metrics_listen.port = 0;
  config.tls = tls_;
  config.amqp_url = clustered.amqp_url;
  config.redis_url = clustered.redis_url;
  config.database_url = "postgresql://nobody@127.0.0.1:1/nothing";
  const auto worker = worker::App::build(config);
  ASSERT_TRUE(worker) << worker.error().detail;
  add(families, "worker", (*worker)->metrics());

  const std::string wanted = document(families);
  if (std::getenv("STAMPEDE_UPDATE_DOCS") != nullptr) std::ofstream(kDocument) << wanted;
  std::stringstream held;
  held << std::ifstream(kDocument).rdbuf();
  EXPECT_EQ(held.str(), wanted);
}

}  // namespace
}  // namespace stampede
