// Health and metrics for operators' tools. The process' figures come from /proc at each scrape, so
// nothing ticks in between.
#include "shared/http/ops_endpoints.h"

#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "shared/http/problem.h"

namespace stampede::http {
namespace {

double cpu_seconds() {
  timespec spent{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent) != 0) return 0;
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  double resident_pages = 0;
  statm >> pages >> resident_pages;
  return resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double open_fds() {
  std::error_code ec;
  double count = 0;
  for (std::filesystem::directory_iterator fd("/proc/self/fd", ec), end; !ec && fd != end;
       fd.increment(ec)) {
    ++count;
  }
  return count > 0 ? count - 1 : 0;  // one is the listing's own
}

/// The conventional process_* metrics.
class ProcessMetrics {
 public:
  explicit ProcessMetrics(Metrics& metrics)
      : cpu_(metrics.counter("process_cpu_seconds_total", "CPU time spent, user and system.")),
        resident_(metrics.gauge("process_resident_memory_bytes", "Resident memory.")),
        fds_(metrics.gauge("process_open_fds", "Open file descriptors.")) {
    // Close enough: the endpoints are built within milliseconds of the start.
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    metrics.gauge("process_start_time_seconds", "Start of the process since 1970.")
        .set(std::chrono::duration<double>(since_1970).count());
  }

  void refresh() {
    const double cpu = cpu_seconds();
    cpu_.add(cpu - counted_cpu_);
    counted_cpu_ = cpu;
    resident_.set(resident_bytes());
    fds_.set(open_fds());
  }

 private:
  Counter cpu_;
  Gauge resident_;
  Gauge fds_;
  double counted_cpu_ = 0;
};

std::string readiness_json(const Health& health, bool ready) {
  std::string json = "{\"ready\":";
  json += ready ? "true" : "false";
  json += health.draining() ? ",\"draining\":true" : ",\"draining\":false";
  json += ",\"components\":{";
  bool first = true;
  for (const Health::Component& component : health.components()) {
    if (!std::exchange(first, false)) json += ",";
    json += json_quoted(component.name) + ":{\"ready\":" + (component.ready ? "true" : "false");
    if (!component.reason.empty()) json += ",\"reason\":" + json_quoted(component.reason);
    json += "}";
  }
  return json + "}}\n";
}

}  // namespace

void add_ops_endpoints(Router& router, const Health& health, Metrics& metrics,
                       std::string_view version, AfterATurn after_a_turn) {
  metrics
      .gauge("stampede_build_info", "Always 1; the labels say what runs.",
             {{"version", std::string(version)}})
      .set(1);
  router.add("GET", "/healthz",
             [after_a_turn = std::move(after_a_turn)](const Request&, const Responder& respond) {
               after_a_turn([respond] { respond(Response::json("{\"status\":\"ok\"}\n")); });
             });
  router.add("GET", "/readyz", [&health](const Request&, const Responder& respond) {
    const bool ready = health.ready();
    respond(Response::json(readiness_json(health, ready), ready ? 200 : 503));
  });
  router.add("GET", "/metrics",
             [&metrics, process = std::make_shared<ProcessMetrics>(metrics)](
                 const Request&, const Responder& respond) {
               process->refresh();
               Response response;
               response.content_type = "text/plain; version=0.0.4; charset=utf-8";
               response.body = metrics.expose();
               respond(std::move(response));
             });
}

}  // namespace stampede::http
