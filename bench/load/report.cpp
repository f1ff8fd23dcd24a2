#include "bench/load/report.h"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

namespace stampede::bench {
namespace {

class Json {
 public:
  Json() { writer_.StartObject(); }
  void add(const char* name, double value) {
    writer_.Key(name);
    writer_.Double(value);
  }
  void add_count(const char* name, std::uint64_t value) {
    writer_.Key(name);
    writer_.Uint64(value);
  }
  void add(const char* name, const std::string& value) {
    writer_.Key(name);
    writer_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  }
  void add_times(const char* name, const Histogram& times) {
    writer_.Key(name);
    writer_.StartObject();
    add_count("count", times.total());
    for (const auto& [label, fraction] : {std::pair{"p50", 0.5},
                                          {"p90", 0.9},
                                          {"p99", 0.99},
                                          {"p99.9", 0.999},
                                          {"p99.99", 0.9999}}) {
      add(label, static_cast<double>(times.percentile(fraction)) * 1e-6);
    }
    add("max", static_cast<double>(times.max()) * 1e-6);
    writer_.EndObject();
  }
  std::string text() {
    writer_.EndObject();
    return text_.GetString();
  }

 private:
  rapidjson::StringBuffer text_;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer_{text_};
};

double per(double value, double count) { return count > 0 ? value / count : 0; }

}  // namespace

std::string report(const Plan& plan, const Outcome& outcome) {
  const Tally& tally = outcome.tally;
  const auto connections = static_cast<double>(outcome.ready);
  const auto worked = static_cast<double>(outcome.worked);
  Json json;
  json.add("protocol", plan.protocol.name);
  json.add_count("members", plan.members);
  json.add_count("publishers", plan.publishers);
  json.add_count("rooms", plan.rooms);
  json.add("rate", plan.rate);
  json.add_count("body_bytes", plan.body_bytes);
  json.add_count("connections", outcome.ready);
  json.add("connecting_seconds", outcome.connecting.count());
  json.add("connect_cpu_us", per(outcome.connect_cpu * 1e6, connections));
  json.add("idle_bytes_per_connection", per(static_cast<double>(outcome.memory_idle) -
                                                static_cast<double>(outcome.memory_before),
                                            connections));
  json.add("idle_cpu_percent", per(outcome.idle_cpu * 100, plan.settle.count()));
  json.add_count("published", tally.published);
  json.add_count("confirmed", tally.confirmed);
  json.add_count("expected", tally.expected);
  json.add_count("delivered", tally.delivered);
  json.add_count("missing", tally.expected - std::min(tally.expected, tally.delivered));
  json.add_count("gaps", tally.lost);
  json.add_count("duplicated_or_disordered", tally.repeated);
  json.add_count("refused", tally.refused);
  json.add_count("broken", tally.broken);
  if (!tally.complaint.empty()) json.add("complaint", tally.complaint);
  json.add("seconds", outcome.counted.count());
  json.add("deliveries_per_second", per(worked, outcome.counted.count()));
  json.add("server_cpu_seconds", outcome.work_cpu);
  json.add("server_cpu_per_million", per(outcome.work_cpu * 1e6, worked));
  json.add("server_cpu_us_per_message",
           per(outcome.work_cpu * 1e6, static_cast<double>(tally.published)));
  json.add("load_cpu_per_million", per(outcome.own_cpu * 1e6, worked));
  json.add_times("latency_ms", tally.latency);
  json.add_times("confirm_ms", tally.confirm);
  json.add_times("connect_ms", tally.connect);
  return json.text();
}

}  // namespace stampede::bench
