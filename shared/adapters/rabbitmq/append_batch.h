#pragma once

#include <vector>

#include "shared/adapters/rabbitmq/confirm_queue.h"
#include "shared/base/clock.h"
#include "shared/ports/message_feed.h"

namespace stampede::rabbitmq {

/// What unconfirmed messages may take up.
struct ByteBound {
  std::size_t used = 0;
  std::size_t limit = 0;
};

/// The messages of one `append` as publishes: per storage queue and in the order of the batch, as
/// many together as a parcel takes. What is not stored at all, or is above the bound, is refused
/// and in none of them. `confirmed` is answered when the last publish is settled, each message with
/// the outcome of its publish; at once if there is none.
std::vector<Publish> parcels_of(const std::vector<MessageRef>& batch, ByteBound bound,
                                Clock::Instant now, Reply<std::vector<Result<void>>> confirmed);

}  // namespace stampede::rabbitmq
