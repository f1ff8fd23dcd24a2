#pragma once

#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

namespace stampede {

/// Turns SIGINT and SIGTERM into a call on a loop: the first runs `on_stop`, a second one ends the
/// process at once with status 128 + signal. SIGHUP runs `on_reload` each time. Also ignores
/// SIGPIPE for the process.
class Signals {
 public:
  /// Both run on `context`'s thread. Lives as long as the loop.
  Signals(boost::asio::io_context& context, std::function<void(int)> on_stop,
          std::function<void()> on_reload);

 private:
  void wait();

  boost::asio::signal_set signals_;
  std::function<void(int)> on_stop_;
  std::function<void()> on_reload_;
};

}  // namespace stampede
