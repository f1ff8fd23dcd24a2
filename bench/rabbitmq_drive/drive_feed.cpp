// The adapter as the programs use it, from a thread of its own like a gateway's shard.
#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "bench/rabbitmq_drive/drive.h"
#include "shared/adapters/rabbitmq/rabbitmq.h"

namespace stampede::bench {
namespace {

/// Counts what is open; any thread.
class Open {
 public:
  void add(std::size_t n) {
    const std::lock_guard lock(mutex_);
    count_ += n;
  }
  void done(std::size_t n) {
    const std::lock_guard lock(mutex_);
    count_ -= n;
    changed_.notify_one();
  }
  void wait_below(std::size_t limit) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return count_ < limit; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t count_ = 0;
};

struct Process {
  explicit Process(const std::string& url) {
    rabbitmq::Options options;
    options.url = url;
    options.self = GatewayId("bench");
    options.prefix = kPrefix;
    ports = rabbitmq::make_ports(loop, options, metrics, health).value();
    loop.start();
    asker.start();
  }
  ~Process() {
    loop.stop();
    asker.stop();
  }

  Metrics metrics;
  Health health;
  Loop asker{"asker"};
  Loop loop{"rabbitmq"};
  rabbitmq::Ports ports;
};

std::vector<MessageRef> batch_of(std::size_t first, std::size_t count, std::size_t body_bytes) {
  std::vector<MessageRef> out;
  for (std::size_t i = first; i < first + count; ++i) {
    auto message = std::make_shared<Message>();
    message->id = new_message_id();
    message->room = RoomName("room-" + std::to_string(i % 100));
    message->sender = UserId("ann");
    message->origin = GatewayId("bench");
    message->body.assign(body_bytes, 'x');
    out.push_back(std::move(message));
  }
  return out;
}

}  // namespace

void drive_feed(const Work& work) {
  constexpr std::size_t kBatch = 50;
  Process process(work.url);
  Open open;
  for (std::size_t sent = 0; sent < work.messages; sent += kBatch) {
    open.wait_below(2 * work.window);
    const std::size_t count = std::min(kBatch, work.messages - sent);
    open.add(count);
    process.ports.feed->append(batch_of(sent, count, work.body_bytes),
                               Reply<std::vector<Result<void>>>(
                                   process.asker, [&open](const std::vector<Result<void>>& done) {
                                     for (const auto& one : done) one.value();
                                     open.done(done.size());
                                   }));
  }
  open.wait_below(1);
}

void drive_binds(const std::string& url, std::size_t rooms) {
  constexpr std::size_t kBatch = 500;
  Process process(url);
  process.ports.bus->start(process.asker, [](const std::vector<MessageRef>&) {});
  Open open;
  for (std::size_t first = 0; first < rooms; first += kBatch) {
    std::vector<BindingKey> keys;
    for (std::size_t i = first; i < std::min(first + kBatch, rooms); ++i) {
      keys.push_back(binding_of(RoomName("room-" + std::to_string(i))));
    }
    open.wait_below(2);
    open.add(1);
    process.ports.bus->bind(std::move(keys),
                            Reply<Result<void>>(process.asker, [&open](const Result<void>& bound) {
                              bound.value();
                              open.done(1);
                            }));
  }
  open.wait_below(1);
}

}  // namespace stampede::bench
