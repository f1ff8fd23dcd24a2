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
/// From a frame that can be read to its message at the members' outboxes: to be read, to be
/// sequenced, to be answered. Each would else stand behind some milliseconds of writing.
constexpr int kTurnsOfAMessage = 3;

}  // namespace

void FlushQueue::add(Item& item) {
  if (item.in_flush_queue()) return;
  items_.push_back(item);
  if (posted_) return;
  posted_ = true;
  run_after(0);
}

void FlushQueue::run_after(int turns) {
  boost::asio::post(context_, [this, turns] { turns == 0 ? run() : run_after(turns - 1); });
}

void FlushQueue::run() {
  // An item that comes back while others are flushed waits for the next turn.
  List now;
  auto end = items_.begin();
  for (std::size_t i = 0; i < kItemsPerTurn && end != items_.end(); ++i) ++end;
  now.splice(now.end(), items_, items_.begin(), end);
  posted_ = !items_.empty();
  if (posted_) run_after(kTurnsOfAMessage);
  while (!now.empty()) {
    Item& item = now.front();
    now.pop_front();
    item.flush();
  }
  flushed_();
}

}  // namespace stampede::gateway
