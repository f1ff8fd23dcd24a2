// The load generator: many clients of one server, an open-loop schedule of messages, and what came
// of it as JSON. scripts/bench drives it; see docs/performance.md.
#include <CLI/CLI.hpp>

#include <sys/resource.h>

#include <cstdio>
#include <exception>

#include "bench/load/report.h"

namespace stampede::bench {
namespace {

Target parse_target(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    throw CLI::ValidationError("'" + text + "' is not an address such as 127.0.0.1:8080");
  }
  return {text.substr(0, colon), std::stoi(text.substr(colon + 1))};
}

/// A socket for each client, and a few more.
void raise_file_limit(std::size_t wanted) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted + 64) return;
  limit.rlim_cur = wanted + 64;
  limit.rlim_max = std::max(limit.rlim_max, limit.rlim_cur);
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    throw std::runtime_error(std::to_string(wanted) +
                             " clients need as many open files; raise the limit (ulimit -n)");
  }
}

struct Arguments {
  std::vector<std::string> targets;
  std::vector<std::string> publish_targets;
  double settle = 1;
  double warm_up = 2;
  double duration = 10;
  double patience = 30;
};

void describe(CLI::App& app, Plan& plan, Arguments& arguments) {
  app.add_option("--protocol", plan.protocol.name, "What the server speaks")
      ->check(CLI::IsMember({"stomp", "nchan", "socketio", "raw"}))
      ->required();
  app.add_option("--target", arguments.targets, "ADDRESS:PORT; members are dealt to several")
      ->required();
  app.add_option("--publish-target", arguments.publish_targets, "Where publishers connect instead");
  app.add_option("--path", plan.protocol.path, "Path of the WebSocket endpoint");
  app.add_option("--room-prefix", plan.protocol.room_prefix, "Rooms are <prefix>0, <prefix>1 ...");
  app.add_option("--login", plan.protocol.login, "STOMP login of all clients");
  app.add_option("--passcode", plan.protocol.passcode, "STOMP passcode of all clients");
  app.add_flag("!--no-receipts", plan.protocol.receipts, "Do not ask for confirmations");
  app.add_option("--members", plan.members, "Clients that listen, spread over the rooms")
      ->capture_default_str();
  app.add_option("--publishers", plan.publishers, "Clients that send, spread over the rooms")
      ->capture_default_str();
  app.add_option("--rooms", plan.rooms)->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--size", plan.body_bytes, "Bytes of a body")->capture_default_str();
  app.add_option("--threads", plan.threads)->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--connecting", plan.connecting, "Connections made at a time by each thread")
      ->capture_default_str();
  app.add_option("--rate", plan.rate, "Messages a second of all publishers, on a fixed schedule");
  app.add_option("--messages", plan.messages,
                 "Without a rate: messages of each publisher, as fast as they are confirmed");
  app.add_option("--window", plan.window, "Without a rate: unconfirmed messages of a publisher")
      ->capture_default_str();
  app.add_flag("--resume", plan.resume,
               "Without a rate: members lose their connections, miss all messages, and come back");
  app.add_option("--settle", arguments.settle, "Seconds of silence before work begins")
      ->capture_default_str();
  app.add_option("--warm-up", arguments.warm_up, "Seconds at the rate that are not counted")
      ->capture_default_str();
  app.add_option("--duration", arguments.duration, "Seconds at the rate that are counted")
      ->capture_default_str();
  app.add_option("--patience", arguments.patience, "Seconds to wait for what does not come")
      ->capture_default_str();
  app.add_option("--server-pid", plan.servers, "Processes whose CPU time and memory are reported");
  app.add_option("--memory-pid", plan.memory_of,
                 "Processes whose memory is reported instead: those that hold the connections");
}

int main_of(int argc, char** argv) {
  CLI::App app("Drives a chat server with many WebSocket clients and prints what came of it.");
  Plan plan;
  Arguments arguments;
  describe(app, plan, arguments);
  CLI11_PARSE(app, argc, argv);
  for (const std::string& target : arguments.targets) {
    plan.members_at.push_back(parse_target(target));
  }
  for (const std::string& target : arguments.publish_targets) {
    plan.publishers_at.push_back(parse_target(target));
  }
  if (plan.resume && plan.protocol.name != "stomp") {
    throw CLI::ValidationError(
        "--resume needs positions in rooms, which only --protocol stomp has");
  }
  plan.settle = Seconds(arguments.settle);
  plan.warm_up = Seconds(arguments.warm_up);
  plan.duration = Seconds(arguments.duration);
  plan.patience = Seconds(arguments.patience);
  raise_file_limit(plan.members + plan.publishers);
  std::puts(report(plan, run(plan)).c_str());
  return 0;
}

}  // namespace
}  // namespace stampede::bench

int main(int argc, char** argv) {
  try {
    return stampede::bench::main_of(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_load: %s\n", error.what());
    return 1;
  }
}
