#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "shared/model/message.h"

namespace stampede::bench {

/// A chat message as STOMP.js sends it to a room.
inline std::string send_frame(std::size_t body_bytes) {
  using namespace std::string_literals;
  return "SEND\ndestination:/topic/general\nreceipt:42\ncontent-type:text/plain\ncontent-length:" +
         std::to_string(body_bytes) + "\n\n" + std::string(body_bytes, 'x') + "\0"s;
}

inline MessageRef message(std::size_t body_bytes, Position position) {
  Message made;
  made.id = new_message_id();
  made.room = RoomName("general");
  made.position = position;
  made.sender = UserId("anna");
  made.origin = GatewayId("gateway-1");
  made.timestamp_ms = 1'700'000'000'000;
  made.content_type = "text/plain";
  made.body.assign(body_bytes, 'x');
  return std::make_shared<const Message>(std::move(made));
}

}  // namespace stampede::bench
