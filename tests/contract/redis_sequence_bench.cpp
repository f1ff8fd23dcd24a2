// How many messages a second one gateway can have sequenced, and what each costs:
//
//     ninja -C build/release redis_sequence_bench
//     STAMPEDE_TEST_REDIS_URL=redis://127.0.0.1:6379
//       build/release/tests/contract/redis_sequence_bench [messages] [batch] [batches in flight]
//       [rooms]
#include <sys/resource.h>

#include <cstdio>
#include <sstream>

#include "tests/contract/redis_client.h"
#include "tests/contract/redis_gateway.h"

namespace stampede::test {
namespace {

double own_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double redis_cpu_seconds(RedisClient& client) {
  std::istringstream info(client.one({"INFO", "cpu"}));
  double total = 0;
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("used_cpu_user:") || line.starts_with("used_cpu_sys:")) {
      total += std::stod(line.substr(line.find(':') + 1));
    }
  }
  return total;
}

struct Load {
  std::size_t messages = 500'000;
  std::size_t batch = 32;
  std::size_t in_flight = 8;
  std::size_t rooms = 10;
};

/// Keeps a number of batches in flight; everything but construction happens on one loop.
class Sender {
 public:
  Sender(const Load& load, RoomDirectory& directory, Loop& loop)
      : load_(load), directory_(directory), loop_(loop) {
    for (std::size_t i = 0; i < load.rooms; ++i) {
      messages_.push_back(make_message("room-" + std::to_string(i), std::string(128, 'x')));
    }
  }

  void run() {
    auto done = done_.get_future();
    loop_.post([this] {
      for (std::size_t i = 0; i < load_.in_flight; ++i) send();
    });
    done.wait();
  }
  [[nodiscard]] std::size_t failed() const { return failed_; }

 private:
  void send() {
    if (sent_ >= load_.messages) return;
    std::vector<SequenceRequest> batch;
    for (std::size_t i = 0; i < load_.batch; ++i) {
      batch.push_back({messages_[sent_++ % messages_.size()], kNoSeq});
    }
    directory_.sequence(std::move(batch), {loop_, [this](std::vector<Result<Sequenced>> results) {
                                             answered(results);
                                           }});
  }
  void answered(const std::vector<Result<Sequenced>>& results) {
    for (const auto& result : results) failed_ += result ? 0 : 1;
    answered_ += results.size();
    if (answered_ >= load_.messages) {
      if (answered_ == sent_) done_.set_value();
    } else {
      send();
    }
  }

  const Load load_;
  RoomDirectory& directory_;
  Loop& loop_;
  std::vector<MessageRef> messages_;
  std::size_t sent_ = 0;
  std::size_t answered_ = 0;
  std::size_t failed_ = 0;
  std::promise<void> done_;
};

int run(const Load& load) {
  RedisClient client(test_redis_url());
  redis::Options options;
  options.url = test_redis_url();
  options.gateway = GatewayId("bench");
  options.prefix = "stampede-bench-" + random_hex(4);
  RedisGateway gateway(options);
  gateway.wait_ready();
  Loop loop{"bench"};
  loop.start();
  std::vector<Member> members;
  for (std::size_t i = 0; i < load.rooms; ++i) {
    members.push_back({RoomName("room-" + std::to_string(i)), SessionId("s"), UserId("ann"), 1});
  }
  const auto entered = ask<std::vector<Result<Seq>>>(
      loop, [&](auto reply) { gateway.enter(std::move(members), std::move(reply)); });
  if (!entered.at(0)) throw std::runtime_error(entered.at(0).error().detail);
  Sender sender(load, gateway, loop);
  const double own = own_cpu_seconds();
  const double redis = redis_cpu_seconds(client);
  const auto start = std::chrono::steady_clock::now();
  sender.run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const auto per_message = [&](double seconds) {
    return seconds * 1e6 / static_cast<double>(load.messages);
  };
  std::printf(
      "%zu messages of 128 bytes, %zu rooms, batches of %zu, %zu in flight: %.0f messages/s, "
      "gateway %.2f us CPU and redis %.2f us CPU a message, %zu failed\n",
      load.messages, load.rooms, load.batch, load.in_flight,
      static_cast<double>(load.messages) / took.count(), per_message(own_cpu_seconds() - own),
      per_message(redis_cpu_seconds(client) - redis), sender.failed());
  for (const std::string& key : client.keys(options.prefix + ":*")) client.run({"UNLINK", key});
  return sender.failed() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace stampede::test

int main(int argc, char** argv) {
  stampede::test::Load load;
  std::size_t* const fields[] = {&load.messages, &load.batch, &load.in_flight, &load.rooms};
  for (int i = 1; i < argc && i <= 4; ++i) *fields[i - 1] = std::stoul(argv[i]);
  return stampede::test::run(load);
}
