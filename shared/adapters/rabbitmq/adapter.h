#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "shared/adapters/rabbitmq/bus_queue.h"
#include "shared/adapters/rabbitmq/feed_consumer.h"
#include "shared/adapters/rabbitmq/rabbitmq.h"
#include "shared/adapters/rabbitmq/rooms_publisher.h"
#include "shared/adapters/rabbitmq/storage_publisher.h"

namespace stampede::rabbitmq {

/// What is behind both ports: two links and their channels, on one loop. Made by `make_ports` and
/// destroyed on the loop's thread, or after the loop has stopped.
class Adapter : public std::enable_shared_from_this<Adapter> {
 public:
  Adapter(Loop& loop, const Options& options, const Endpoint& endpoint, Metrics& metrics,
          Health& health);
  ~Adapter();
  Adapter(const Adapter&) = delete;
  Adapter& operator=(const Adapter&) = delete;

  /// Opens the publishing link; once, from make_ports.
  void start();
  using Call = std::function<void(Adapter&)>;
  /// Any thread: runs `call` on the loop, in the order given; at the latest in the destructor, so
  /// that no reply in it is forgotten.
  void call(Call call);

  [[nodiscard]] Loop& loop() { return loop_; }
  [[nodiscard]] StoragePublisher& storage() { return storage_; }
  [[nodiscard]] RoomsPublisher& rooms() { return rooms_; }
  [[nodiscard]] BusQueue& bus_queue() { return bus_queue_; }
  [[nodiscard]] FeedConsumer& consumer() { return consumer_; }

 private:
  void run_calls();
  void tick_later();
  void report_health();

  Loop& loop_;
  Health& health_;
  std::mutex mutex_;
  std::vector<Call> calls_;  ///< guarded by mutex_

  Topology topology_;
  Meters meters_;
  Link publish_link_;
  Link consume_link_;
  StoragePublisher storage_;
  RoomsPublisher rooms_;
  BusQueue bus_queue_;
  FeedConsumer consumer_;
  boost::asio::steady_timer tick_;
  bool healthy_ = false;
  std::string unhealthy_reason_;
};

}  // namespace stampede::rabbitmq
