// What is posted runs after the handlers that the last poll made ready and before those of the next
// one: that is what a turn is here.
#include "gateway/net/flush_queue.h"

#include <boost/asio/post.hpp>

namespace stampede::gateway {
namespace {

/// Some milliseconds of writing. What is read between two such turns still reaches, in this round,
/// the connections that have not had their turn, so a room of thousands waits for one round and not
/// for up to two. Many more turns would hand out fewer messages at a time, which costs more.
constexpr std::size_t kItemsPerTurn = 256;

}  // namespace

void FlushQueue::add(Item& item) {
  if (item.in_flush_queue()) return;
  items_.push_back(item);
  if (posted_) return;
  posted_ = true;
  boost::asio::post(context_, [this] { run(); });
}

void FlushQueue::run() {
  // An item that comes back while others are flushed waits for the next turn.
  List now;
  auto end = items_.begin();
  for (std::size_t i = 0; i < kItemsPerTurn && end != items_.end(); ++i) ++end;
  now.splice(now.end(), items_, items_.begin(), end);
  posted_ = !items_.empty();
  if (posted_) boost::asio::post(context_, [this] { run(); });
  while (!now.empty()) {
    Item& item = now.front();
    now.pop_front();
    item.flush();
  }
  flushed_();
}

}  // namespace stampede::gateway
