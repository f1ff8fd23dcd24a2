#include "shared/runtime/signals.h"

#include <csignal>
#include <cstdlib>

namespace stampede {

Signals::Signals(boost::asio::io_context& context, std::function<void(int)> on_stop)
    : signals_(context, SIGINT, SIGTERM), on_stop_(std::move(on_stop)) {
  std::signal(SIGPIPE, SIG_IGN);
  wait();
}

void Signals::wait() {
  signals_.async_wait([this](boost::system::error_code ec, int signal) {
    if (ec) return;
    if (!on_stop_) std::_Exit(128 + signal);
    std::exchange(on_stop_, nullptr)(signal);
    wait();
  });
}

}  // namespace stampede
