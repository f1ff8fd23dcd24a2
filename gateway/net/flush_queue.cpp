// What is posted runs after the handlers that the last poll made ready and before those of the next
// one: that is what a turn is here.
#include "gateway/net/flush_queue.h"

#include <boost/asio/post.hpp>

namespace stampede::gateway {

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
  now.swap(items_);
  posted_ = false;
  while (!now.empty()) {
    Item& item = now.front();
    now.pop_front();
    item.flush();
  }
  flushed_();
}

}  // namespace stampede::gateway
