// A handler that is queued already cannot be called back, so it holds the core and asks it.
#include "shared/runtime/ticker.h"

#include <boost/asio/steady_timer.hpp>

namespace stampede {

class Ticker::Core : public std::enable_shared_from_this<Ticker::Core> {
 public:
  Core(Loop& loop, Milliseconds period, std::function<void()> tick)
      : timer_(loop.context()), period_(period), tick_(std::move(tick)) {}

  void wait() {
    timer_.expires_after(period_);
    timer_.async_wait([self = shared_from_this()](boost::system::error_code) {
      if (self->stopped_) return;
      self->tick_();
      if (!self->stopped_) self->wait();
    });
  }

  void stop() {
    stopped_ = true;
    timer_.cancel();
  }

 private:
  boost::asio::steady_timer timer_;
  Milliseconds period_;
  std::function<void()> tick_;
  bool stopped_ = false;
};

Ticker::Ticker(Loop& loop, Milliseconds period, std::function<void()> tick)
    : core_(std::make_shared<Core>(loop, period, std::move(tick))) {
  core_->wait();
}

Ticker::~Ticker() { core_->stop(); }

}  // namespace stampede
