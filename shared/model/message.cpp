#include "shared/model/message.h"

#include <utility>

namespace stampede {

MessageRef with_position(const Message& message, Position position) {
  auto copy = std::make_shared<Message>(message);
  copy->position = position;
  return copy;
}

MessageRef with_header(const Message& message, MessageHeader header) {
  auto copy = std::make_shared<Message>(message);
  copy->headers.insert(copy->headers.begin(), std::move(header));
  return copy;
}

}  // namespace stampede
