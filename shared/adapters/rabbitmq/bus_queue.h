#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "shared/adapters/rabbitmq/bindings.h"
#include "shared/adapters/rabbitmq/link.h"
#include "shared/adapters/rabbitmq/meters.h"
#include "shared/ports/message_bus.h"

namespace stampede::rabbitmq {

/// This gateway's own queue of live messages: exclusive, named by the broker, gone with the
/// connection, bounded in bytes and age. Always bound to what is for this gateway; after a
/// reconnect a new one is bound to everything wanted before it is consumed. One thread, the loop's.
class BusQueue final : public ChannelUser {
 public:
  struct Settings {
    std::string self;  ///< messages with this AMQP app_id are our own
    std::size_t queue_bytes = 0;
    Milliseconds message_ttl{0};
    std::size_t max_unhandled_bytes = 0;  ///< posted to the handler; then reading pauses
    Milliseconds bind_timeout{0};
  };

  BusQueue(Settings settings, Link& link, ChannelId channel, const Topology& topology,
           Meters& meters);

  /// Begins to consume; once.
  void start(Executor& on, MessageBus::Handler handler);
  void bind(std::vector<BindingKey> keys, Bindings::Bound bound);
  void unbind(const std::vector<BindingKey>& keys);
  /// Gives up binds that are older than the bind timeout, and reads on when the handler has caught
  /// up.
  void tick(Clock::Instant now);
  /// Answers everything with kCancelled.
  void cancel();

 private:
  /// Posted to the handler and not done there; shared with the posted tasks.
  using Backlog = std::atomic<std::size_t>;

  void on_up(Connection& connection) override;
  void on_down() override;
  void on_method(const Method& method) override;
  void on_content(const Content& content) override;
  void on_read_end() override;
  [[nodiscard]] bool ready() const override { return consuming_; }

  void declare_queue();
  void on_queue_declared(std::string_view name);
  void on_consuming();
  void barrier_passed();
  void send_bind(const std::string& pattern, bool barrier);
  void send_binds(const std::vector<BindingKey>& keys);
  void send_unbinds(const std::vector<BindingKey>& keys);
  void pause_if_behind();

  Settings settings_;
  Link& link_;
  ChannelId channel_;
  const Topology& topology_;
  Meters& meters_;
  Bindings bindings_;

  Executor* on_ = nullptr;
  std::shared_ptr<const MessageBus::Handler> handler_;
  std::vector<MessageRef> batch_;  ///< of the read under way
  std::size_t batch_bytes_ = 0;
  const std::shared_ptr<Backlog> backlog_ = std::make_shared<Backlog>(0);
  bool paused_ = false;
  LogLimiter log_limiter_{std::chrono::seconds(10)};

  Connection* connection_ = nullptr;  ///< while the link is up
  std::string queue_;                 ///< empty until declared
  std::size_t restoring_ = 0;         ///< bindings sent for a new queue
  Clock::Instant restoring_since_{};
  bool consuming_ = false;  ///< and so everything is bound that was before
};

}  // namespace stampede::rabbitmq
