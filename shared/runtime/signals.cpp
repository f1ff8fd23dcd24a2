#include "shared/runtime/signals.h"

#include <csignal>
#include <cstdlib>
#include <utility>

namespace stampede {

Signals::Signals(boost::asio::io_context& context, std::function<void(int)> on_stop,
                 std::function<void()> on_reload)
    : signals_(context, SIGINT, SIGTERM, SIGHUP),
      on_stop_(std::move(on_stop)),
      on_reload_(std::move(on_reload)) {
  std::signal(SIGPIPE, SIG_IGN);
  wait();
}

void Signals::wait() {
  signals_.async_wait([this](boost::system::error_code ec, int signal) {
    if (ec) return;
    if (signal == SIGHUP) {
      on_reload_();
      return wait();
    }
    if (!on_stop_) std::_Exit(128 + signal);
    std::exchange(on_stop_, nullptr)(signal);
    wait();
  });
}

}  // namespace stampede
