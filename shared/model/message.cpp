#include "shared/model/message.h"

namespace stampede {

MessageRef with_position(const Message& message, Position position) {
  auto copy = std::make_shared<Message>(message);
  copy->position = position;
  return copy;
}

}  // namespace stampede
