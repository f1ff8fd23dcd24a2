#pragma once

#include <amqp.h>
#include <amqp_tcp_socket.h>

#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "shared/adapters/rabbitmq/topology.h"
#include "shared/adapters/rabbitmq/url.h"
#include "shared/base/ids.h"
#include "shared/model/partition.h"

namespace stampede::test {

/// The broker that the tests may use; every test declares under a prefix of its own.
inline std::string broker_url() {
  const char* url = std::getenv("STAMPEDE_TEST_AMQP_URL");
  if (url == nullptr || *url == '\0') {
    throw std::runtime_error(
        "STAMPEDE_TEST_AMQP_URL is not set; it names a RabbitMQ broker that the tests may use, "
        "such "
        "as amqp://guest:guest@127.0.0.1:5672/ (scripts/test sets it)");
  }
  return url;
}

/// A test's own view of the broker, over rabbitmq-c's blocking calls. Throws on errors.
class BrokerClient {
 public:
  struct Got {
    std::string body;
    std::string reason;  ///< header x-reason
    std::string queue;   ///< header x-queue
  };

  explicit BrokerClient(const std::string& url) : state_(amqp_new_connection()) {
    const auto endpoint = rabbitmq::parse_url(url).value();
    amqp_socket_t* socket = amqp_tcp_socket_new(state_);
    if (amqp_socket_open(socket, endpoint.host.c_str(), endpoint.port) != AMQP_STATUS_OK) {
      throw std::runtime_error("no broker at " + endpoint.address());
    }
    check(amqp_login(state_, endpoint.vhost.c_str(), 0, AMQP_DEFAULT_FRAME_SIZE, 0,
                     AMQP_SASL_METHOD_PLAIN, endpoint.user.c_str(), endpoint.password.c_str()),
          "log in");
    amqp_channel_open(state_, 1);
    check(amqp_get_rpc_reply(state_), "open a channel");
  }
  ~BrokerClient() {
    amqp_connection_close(state_, AMQP_REPLY_SUCCESS);
    amqp_destroy_connection(state_);
  }
  BrokerClient(const BrokerClient&) = delete;
  BrokerClient& operator=(const BrokerClient&) = delete;

  void publish(const std::string& exchange, const std::string& key, const std::string& body) {
    if (amqp_basic_publish(state_, 1, bytes(exchange), bytes(key), 0, 0, nullptr, bytes(body)) !=
        AMQP_STATUS_OK) {
      throw std::runtime_error("cannot publish");
    }
  }

  std::optional<Got> get(const std::string& queue) {
    amqp_maybe_release_buffers(state_);
    const auto reply = amqp_basic_get(state_, 1, bytes(queue), 1);
    check(reply, "get from " + queue);
    if (reply.reply.id != AMQP_BASIC_GET_OK_METHOD) return std::nullopt;
    amqp_message_t message;
    check(amqp_read_message(state_, 1, &message, 0), "read a message");
    Got out{text(message.body), header(message, "x-reason"), header(message, "x-queue")};
    amqp_destroy_message(&message);
    return out;
  }

  /// Messages that are ready in it.
  std::uint32_t depth(const std::string& queue) {
    amqp_maybe_release_buffers(state_);
    const auto* ok = amqp_queue_declare(state_, 1, bytes(queue), 1, 0, 0, 0, amqp_empty_table);
    check(amqp_get_rpc_reply(state_), "look at " + queue);
    return ok->message_count;
  }

  void delete_queue(const std::string& queue) {
    amqp_queue_delete(state_, 1, bytes(queue), 0, 0);
    check(amqp_get_rpc_reply(state_), "delete " + queue);
  }
  void delete_exchange(const std::string& exchange) {
    amqp_exchange_delete(state_, 1, bytes(exchange), 0);
    check(amqp_get_rpc_reply(state_), "delete " + exchange);
  }
  void unbind(const std::string& queue, const std::string& exchange, const std::string& key) {
    amqp_queue_unbind(state_, 1, bytes(queue), bytes(exchange), bytes(key), amqp_empty_table);
    check(amqp_get_rpc_reply(state_), "unbind " + queue);
  }

 private:
  static amqp_bytes_t bytes(const std::string& text) {
    return {text.size(), const_cast<char*>(text.data())};
  }
  static std::string text(amqp_bytes_t value) {
    return {static_cast<const char*>(value.bytes), value.len};
  }
  static std::string header(const amqp_message_t& message, const std::string& key) {
    if ((message.properties._flags & AMQP_BASIC_HEADERS_FLAG) == 0) return {};
    const amqp_table_t& table = message.properties.headers;
    for (int i = 0; i < table.num_entries; ++i) {
      if (text(table.entries[i].key) == key) return text(table.entries[i].value.value.bytes);
    }
    return {};
  }
  static void check(const amqp_rpc_reply_t& reply, const std::string& what) {
    if (reply.reply_type == AMQP_RESPONSE_NORMAL) return;
    std::string why = "the connection failed";
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
        reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
      why = text(static_cast<const amqp_channel_close_t*>(reply.reply.decoded)->reply_text);
    }
    throw std::runtime_error("cannot " + what + ": " + why);
  }

  amqp_connection_state_t state_;
};

/// Exchanges and queues under a random prefix, gone with it.
class Names {
 public:
  Names() { broker_url(); }
  ~Names() {
    try {
      remove();
    } catch (const std::exception& error) {
      ADD_FAILURE() << "what a test declared was left behind: " << error.what();
    }
  }
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;

  [[nodiscard]] const std::string& prefix() const { return prefix_; }
  [[nodiscard]] const rabbitmq::Topology& topology() const { return topology_; }

 private:
  void remove() {
    BrokerClient client(broker_url());
    for (std::uint32_t i = 0; i < kStorageQueues; ++i) {
      client.delete_queue(topology_.storage_queue(i));
    }
    client.delete_queue(topology_.dead_queue());
    client.delete_exchange(topology_.dead_exchange());
    client.delete_exchange(topology_.storage_exchange());
    client.delete_exchange(topology_.rooms_exchange());
  }

  const std::string prefix_ = "stampede-test-" + random_hex(6);
  const rabbitmq::Topology topology_{prefix_};
};

}  // namespace stampede::test
