// Tolerant on purpose: a reply of an unexpected shape becomes empty values that the caller checks,
// never a read outside of it.
#include "shared/adapters/redis/answer.h"

#include <hiredis/hiredis.h>

namespace stampede::redis {

bool Answer::is_nil() const { return reply_ == nullptr || reply_->type == REDIS_REPLY_NIL; }

bool Answer::is_error() const { return reply_ != nullptr && reply_->type == REDIS_REPLY_ERROR; }

std::string_view Answer::text() const {
  if (reply_ == nullptr) return {};
  switch (reply_->type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR: return {reply_->str, reply_->len};
    default: return {};
  }
}

std::int64_t Answer::integer() const {
  return reply_ != nullptr && reply_->type == REDIS_REPLY_INTEGER ? reply_->integer : 0;
}

std::size_t Answer::size() const {
  return reply_ != nullptr && reply_->type == REDIS_REPLY_ARRAY ? reply_->elements : 0;
}

Answer Answer::operator[](std::size_t index) const {
  return Answer(index < size() ? reply_->element[index] : nullptr);
}

}  // namespace stampede::redis
