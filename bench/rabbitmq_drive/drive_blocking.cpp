// What the library offers by itself: three sends a publish, poll and read for confirms in between.
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <sys/time.h>

#include <stdexcept>

#include "bench/rabbitmq_drive/drive.h"
#include "shared/adapters/rabbitmq/topology.h"
#include "shared/adapters/rabbitmq/url.h"
#include "shared/model/partition.h"

namespace stampede::bench {
namespace {

void check(const amqp_rpc_reply_t& reply, const char* what) {
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) throw std::runtime_error(what);
}

amqp_connection_state_t connect(const std::string& url) {
  const auto endpoint = rabbitmq::parse_url(url).value();
  const amqp_connection_state_t state = amqp_new_connection();
  amqp_socket_t* socket = amqp_tcp_socket_new(state);
  if (amqp_socket_open(socket, endpoint.host.c_str(), endpoint.port) != AMQP_STATUS_OK) {
    throw std::runtime_error("no broker at " + endpoint.address());
  }
  check(amqp_login(state, endpoint.vhost.c_str(), 0, AMQP_DEFAULT_FRAME_SIZE, 0,
                   AMQP_SASL_METHOD_PLAIN, endpoint.user.c_str(), endpoint.password.c_str()),
        "log-in failed");
  amqp_channel_open(state, 1);
  check(amqp_get_rpc_reply(state), "channel.open failed");
  return state;
}

void declare(amqp_connection_state_t state) {
  amqp_table_entry_t type{};
  type.key = amqp_cstring_bytes("x-queue-type");
  type.value.kind = AMQP_FIELD_KIND_UTF8;
  type.value.value.bytes = amqp_cstring_bytes("quorum");
  amqp_queue_declare(state, 1, amqp_cstring_bytes(kQueue), 0, 1, 0, 0, {1, &type});
  check(amqp_get_rpc_reply(state), "queue.declare failed");
  amqp_confirm_select(state, 1);
  check(amqp_get_rpc_reply(state), "confirm.select failed");
}

/// Handles what the broker has said; waits for something only if `wait`. Confirms count up in order
/// on one queue, so the newest tag is the number confirmed.
void take_confirms(amqp_connection_state_t state, bool wait, std::size_t& confirmed) {
  timeval timeout{wait ? 10 : 0, 0};
  amqp_frame_t frame;
  while (true) {
    const int result = amqp_simple_wait_frame_noblock(state, &frame, &timeout);
    if (result == AMQP_STATUS_TIMEOUT && !wait) return;
    if (result != AMQP_STATUS_OK) throw std::runtime_error(amqp_error_string2(result));
    if (frame.frame_type == AMQP_FRAME_METHOD && frame.payload.method.id == AMQP_BASIC_ACK_METHOD) {
      confirmed = static_cast<const amqp_basic_ack_t*>(frame.payload.method.decoded)->delivery_tag;
    }
    amqp_maybe_release_buffers(state);
    timeout = {0, 0};
    wait = false;
  }
}

void close(amqp_connection_state_t state) {
  amqp_connection_close(state, AMQP_REPLY_SUCCESS);
  amqp_destroy_connection(state);
}

}  // namespace

void drive_blocking(const Work& work) {
  const amqp_connection_state_t state = connect(work.url);
  declare(state);
  const std::string body(work.body_bytes, 'x');
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
  properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
  std::size_t sent = 0;
  std::size_t confirmed = 0;
  while (confirmed < work.messages) {
    while (sent < work.messages && sent - confirmed < work.window) {
      if (amqp_basic_publish(state, 1, amqp_empty_bytes, amqp_cstring_bytes(kQueue), 1, 0,
                             &properties,
                             {body.size(), const_cast<char*>(body.data())}) != AMQP_STATUS_OK) {
        throw std::runtime_error("publish failed");
      }
      // Without this a broker that waits for us to read would wait for ever.
      if (++sent % 64 == 0) take_confirms(state, false, confirmed);
    }
    if (confirmed < work.messages) take_confirms(state, true, confirmed);
  }
  amqp_queue_delete(state, 1, amqp_cstring_bytes(kQueue), 0, 0);
  close(state);
}

void remove_topology(const std::string& url) {
  const amqp_connection_state_t state = connect(url);
  const rabbitmq::Topology topology(kPrefix);
  for (std::uint32_t i = 0; i < kStorageQueues; ++i) {
    amqp_queue_delete(state, 1, amqp_cstring_bytes(topology.storage_queue(i).c_str()), 0, 0);
  }
  amqp_queue_delete(state, 1, amqp_cstring_bytes(topology.dead_queue().c_str()), 0, 0);
  for (const std::string* exchange :
       {&topology.rooms_exchange(), &topology.storage_exchange(), &topology.dead_exchange()}) {
    amqp_exchange_delete(state, 1, amqp_cstring_bytes(exchange->c_str()), 0);
  }
  check(amqp_get_rpc_reply(state), "cleaning up failed");
  close(state);
}

}  // namespace stampede::bench
