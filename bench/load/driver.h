#pragma once

#include <time.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "bench/load/connection.h"
#include "bench/load/plan.h"
#include "bench/load/tally.h"

namespace stampede::bench {

std::uint64_t now_ns() noexcept;  ///< CLOCK_MONOTONIC

/// What the threads of a run tell each other. Any thread.
struct Stage {
  std::atomic<std::size_t> ready{0};       ///< connections
  std::atomic<std::size_t> failed{0};      ///< connections
  std::atomic<std::uint64_t> begin_ns{0};  ///< publishing begins; 0: not yet
  std::atomic<std::uint64_t> count_from_ns{0};
  std::atomic<std::uint64_t> count_to_ns{0};  ///< nothing is due from here on
  std::atomic<std::size_t> publishing{0};     ///< threads that have something left to send
  std::atomic<std::uint64_t> delivered{0};    ///< of all threads, roughly: each adds now and then
  std::atomic<std::uint64_t> arrived{0};      ///< likewise, also what is not counted
  std::atomic<std::uint64_t> confirmed{0};    ///< likewise
  std::atomic<std::uint64_t> expected{0};     ///< deliveries, likewise
  std::atomic<bool> away{false};  ///< members give up their connections, and come back when not
  std::atomic<bool> end{false};
};

/// One thread of the load: an epoll loop over its share of the connections. Connects them, keeps
/// to the schedule of its publishers, and takes stock of what members get.
class Driver {
 public:
  /// Takes members and publishers whose number modulo `plan.threads` is `index`.
  Driver(const Plan& plan, const Protocol& protocol, Stage& stage, std::size_t index);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// Until `stage.end`.
  void run();
  /// After `run`.
  [[nodiscard]] const Tally& tally() const noexcept { return tally_; }

 private:
  void add(const Part& part);
  void open_some();
  void leave_or_come_back();
  void connect(Connection& connection);
  void on_event(Connection& connection, std::uint32_t events);
  void on_readable(Connection& connection);
  /// Consumes what is complete; returns how much that was.
  std::size_t take(Connection& connection, std::string_view bytes);
  void upgraded(Connection& connection);
  void on_protocol(Connection& connection, Event event, std::string_view payload);
  void on_delivery(Connection& connection, std::string_view payload);
  void flush(Connection& connection);
  void fail(Connection& connection, std::string_view why);
  void finish_opening(bool well);

  void publish_due(std::uint64_t now);
  void publish_windows(std::uint64_t now);
  void publish_window(Connection& publisher, std::uint64_t now);
  void publish(Connection& connection, std::uint64_t due_ns);
  void finish_publishing();
  void tell_stage();
  [[nodiscard]] bool counts(std::uint64_t due_ns) const noexcept;
  [[nodiscard]] std::size_t members_of(std::size_t room) const noexcept;
  [[nodiscard]] timespec until_next_due(std::uint64_t now) const noexcept;
  [[nodiscard]] std::uint64_t due_ns(std::uint64_t number) const noexcept;

  const Plan& plan_;
  const Protocol& protocol_;
  Stage& stage_;
  const std::size_t index_;
  int epoll_ = -1;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> publishers_;
  std::size_t next_to_open_ = 0;
  std::size_t opening_ = 0;
  std::uint64_t scheduled_ = 0;  ///< messages of the rate so far
  bool away_ = false;
  bool windows_filled_ = false;
  bool done_publishing_ = false;
  std::uint64_t reported_ = 0;   ///< deliveries that `stage_` knows of
  std::uint64_t receipted_ = 0;  ///< confirmations that it knows of
  std::uint64_t announced_ = 0;  ///< expected deliveries that it knows of
  std::uint64_t noticed_ = 0;    ///< arrivals that it knows of
  std::vector<char> buffer_;
  std::uint64_t read_ns_ = 0;  ///< when what is being handled came
  Tally tally_;
};

}  // namespace stampede::bench
