#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/steady_timer.hpp>

#include "shared/base/log.h"
#include "shared/base/metrics.h"
#include "shared/runtime/loop.h"
#include "shared/sockets/client_socket.h"
#include "shared/sockets/tls_identity.h"

namespace stampede::sockets {

/// The connections of one listener that have not completed their TLS handshake: little memory each,
/// and one deadline for all. Made with std::make_shared; used on the loop's thread or while the
/// loop does not run. Loop and metrics outlive it.
class TlsHandshakes : public std::enable_shared_from_this<TlsHandshakes> {
 public:
  struct Options {
    std::string server;        ///< in logs and as the metric's label
    Milliseconds deadline{0};  ///< from the connection to the end of its handshake
  };
  /// The socket after its handshake, or nothing when there was none: the connection is gone then.
  using Done = std::function<void(std::optional<ClientSocket>)>;

  TlsHandshakes(Loop& loop, std::shared_ptr<const TlsIdentity> identity, Options options,
                Metrics& metrics);

  /// `done` is called once, here or later.
  void start(boost::asio::ip::tcp::socket socket, std::string peer, Done done);
  [[nodiscard]] std::size_t open() const noexcept { return pending_.size(); }
  /// Ends those that are under way; their `done` gets nothing.
  void close();

 private:
  struct Pending {
    ClientSocket socket;
    std::string peer;
    Done done;
    Clock::Instant deadline;
    std::list<std::shared_ptr<Pending>>::iterator place;
    bool over = false;
  };
  using PendingRef = std::shared_ptr<Pending>;

  void step(const PendingRef& pending);
  void succeed(const PendingRef& pending);
  void fail(const PendingRef& pending);
  void end(const PendingRef& pending, std::optional<ClientSocket> socket);
  void watch_deadlines();
  void expire();

  Loop& loop_;
  std::shared_ptr<const TlsIdentity> identity_;
  Options options_;
  Counter succeeded_;
  Counter failed_;
  Counter timed_out_;
  std::list<PendingRef> pending_;  ///< in the order of their deadlines
  boost::asio::steady_timer timer_;
  bool watching_ = false;
  LogLimiter log_{Milliseconds{1000}};
};

}  // namespace stampede::sockets
