#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "shared/base/error.h"

namespace stampede::postgres {

/// A file descriptor that other threads make readable to wake one that polls. Any thread.
class WakeUp {
 public:
  WakeUp();
  ~WakeUp();
  WakeUp(const WakeUp&) = delete;
  WakeUp& operator=(const WakeUp&) = delete;

  void raise();
  void clear();
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  int fd_;
};

/// The rows or the command tag of one statement; columns in binary.
class Rows {
 public:
  explicit Rows(PGresult* result) : result_(result, &PQclear) {}

  [[nodiscard]] int count() const { return PQntuples(result_.get()); }
  /// Rows that an INSERT inserted.
  [[nodiscard]] std::size_t affected() const;
  [[nodiscard]] bool is_null(int row, int column) const;
  [[nodiscard]] std::string_view bytes(int row, int column) const;
  [[nodiscard]] std::int64_t int8(int row, int column) const;

 private:
  std::unique_ptr<PGresult, decltype(&PQclear)> result_;
};

/// Parameters of a prepared statement, all binary; they must outlive the call.
using Parameters = std::vector<std::string_view>;

/// One connection, driven without ever blocking in libpq (except for name resolution), so that
/// every wait has a deadline and ends when the store is destroyed. Owned and used by one thread.
///
/// Errors: kInvalidArgument when the server refuses the data of a row, kCancelled after `stop` was
/// raised, kUnavailable for everything else; details are the server's own words and its SQLSTATE.
class Connection {
 public:
  /// `stop` outlives the connection and is raised when waiting is over.
  explicit Connection(const WakeUp& stop) : stop_(stop) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { close(); }

  Result<void> open(const std::string& url, std::chrono::milliseconds connect_timeout,
                    std::chrono::milliseconds statement_timeout);
  void close();
  /// How long every later call waits for its answer; `open` sets it by the statement timeout.
  void set_patience(std::chrono::milliseconds patience) noexcept { patience_ = patience; }
  [[nodiscard]] std::chrono::milliseconds patience() const noexcept { return patience_; }
  [[nodiscard]] bool is_open() const noexcept { return connection_ != nullptr; }
  /// For polling while idle; -1 when closed.
  [[nodiscard]] int fd() const;
  /// Reads what came while idle; closes the connection when the server has gone.
  Result<void> check_idle();

  /// One or more statements without parameters, in one implicit transaction; text results.
  Result<Rows> run(const char* sql);
  Result<void> prepare(const char* name, const char* sql);
  Result<Rows> execute(const char* name, const Parameters& parameters);

 private:
  using Deadline = std::chrono::steady_clock::time_point;

  Result<void> establish(Deadline deadline);
  Result<Rows> finish();
  Result<void> flush(Deadline deadline);
  Result<void> await(short events, Deadline deadline);
  Error lost(const Error& why);
  Error lost(const char* while_doing);

  const WakeUp& stop_;
  PGconn* connection_ = nullptr;
  std::chrono::milliseconds patience_{};
};

/// kInvalidArgument with libpq's reason, without what the URL holds, when it cannot be parsed.
Result<void> check_url(const std::string& url);

}  // namespace stampede::postgres
