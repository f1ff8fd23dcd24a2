// libpq's blocking calls have no deadline of their own: a server that stops answering would hold a
// thread, and with it a shutdown, for as long as TCP likes. So the non-blocking half is used
// throughout and each wait polls the socket together with the stop signal.
#include "shared/adapters/postgres/connection.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sstream>

#include "shared/adapters/postgres/sqlstate.h"
#include "shared/base/log.h"

namespace stampede::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How much longer than the server's own statement_timeout we wait before the connection is given
/// up.
constexpr milliseconds kGrace{5'000};

/// libpq's texts have several lines; those that begin with a tab are hints.
std::string one_line(const char* text) {
  std::string out;
  std::istringstream lines(text != nullptr ? text : "");
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '\t') continue;
    if (!out.empty()) out += "; ";
    out += line;
  }
  return out;
}

Error refused(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string code(state != nullptr ? state : "");
  std::string text = one_line(primary != nullptr ? primary : PQresultErrorMessage(result));
  if (!code.empty()) text += " (SQLSTATE " + code + ")";
  return {blames_row(code) ? Errc::kInvalidArgument : Errc::kUnavailable, std::move(text)};
}

bool succeeded(const PGresult* result) {
  const auto status = PQresultStatus(result);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

void log_notice(void*, const char* text) {
  log_debug("postgres notice", {{"text", one_line(text)}});
}

}  // namespace

WakeUp::WakeUp() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
WakeUp::~WakeUp() { ::close(fd_); }

void WakeUp::raise() {
  const std::uint64_t one = 1;
  // Fails only when the counter is at its limit, and then it is readable already.
  [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);
}

void WakeUp::clear() {
  std::uint64_t value = 0;
  [[maybe_unused]] const auto got = ::read(fd_, &value, sizeof value);
}

std::size_t Rows::affected() const {
  const char* text = PQcmdTuples(result_.get());
  std::size_t value = 0;
  std::from_chars(text, text + std::strlen(text), value);
  return value;
}

bool Rows::is_null(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

std::string_view Rows::bytes(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t Rows::int8(int row, int column) const {
  std::uint64_t bits = 0;
  for (const char c : bytes(row, column)) bits = bits << 8 | static_cast<unsigned char>(c);
  return static_cast<std::int64_t>(bits);
}

Result<void> Connection::open(const std::string& url, milliseconds connect_timeout,
                              milliseconds statement_timeout) {
  close();
  // What stands before `dbname` gives way to the URL's own parameters.
  const std::array<const char*, 7> keys{"fallback_application_name",
                                        "keepalives_idle",
                                        "keepalives_interval",
                                        "keepalives_count",
                                        "tcp_user_timeout",
                                        "dbname",
                                        nullptr};
  const std::array<const char*, 7> values{"stampede", "10",        "5",    "3",
                                          "15000",    url.c_str(), nullptr};
  connection_ = PQconnectStartParams(keys.data(), values.data(), 1);
  patience_ = statement_timeout + kGrace;
  if (auto made = establish(steady_clock::now() + connect_timeout); !made) {
    close();
    return made.error();
  }
  const std::string settings =
      "SET client_encoding TO 'UTF8'; SET statement_timeout TO " +
      std::to_string(statement_timeout.count()) +
      // Every statement here is made for an index. A plan from when the table was empty would
      // otherwise be kept until the statistics are renewed.
      "; SET enable_seqscan TO off; SET enable_bitmapscan TO off; SET jit TO off"
      // Acknowledged means on disk, whatever the database's default is.
      "; SELECT set_config('synchronous_commit', 'on', false)"
      " WHERE current_setting('synchronous_commit') = 'off'";
  if (auto set = run(settings.c_str()); !set) {
    close();
    return set.error();
  }
  return {};
}

Result<void> Connection::establish(Deadline deadline) {
  if (connection_ == nullptr) return Error(Errc::kUnavailable, "out of memory");
  PQsetNoticeProcessor(connection_, &log_notice, nullptr);
  if (PQstatus(connection_) == CONNECTION_BAD) {
    return Error(Errc::kUnavailable, one_line(PQerrorMessage(connection_)));
  }
  short events = POLLOUT;
  while (true) {
    if (auto ready = await(events, deadline); !ready) {
      return ready.error().is(Errc::kCancelled)
                 ? ready.error()
                 : Error(Errc::kUnavailable, "no answer within the connect timeout");
    }
    switch (PQconnectPoll(connection_)) {
      case PGRES_POLLING_OK: PQsetnonblocking(connection_, 1); return {};
      case PGRES_POLLING_READING: events = POLLIN; break;
      case PGRES_POLLING_WRITING: events = POLLOUT; break;
      default: return Error(Errc::kUnavailable, one_line(PQerrorMessage(connection_)));
    }
  }
}

void Connection::close() {
  if (connection_ != nullptr) PQfinish(connection_);
  connection_ = nullptr;
}

int Connection::fd() const { return connection_ != nullptr ? PQsocket(connection_) : -1; }

Result<void> Connection::check_idle() {
  if (PQconsumeInput(connection_) == 0 || PQstatus(connection_) == CONNECTION_BAD) {
    return lost("idle");
  }
  return {};
}

Result<Rows> Connection::run(const char* sql) {
  if (PQsendQuery(connection_, sql) == 0) return lost("sending a statement");
  return finish();
}

Result<void> Connection::prepare(const char* name, const char* sql) {
  if (PQsendPrepare(connection_, name, sql, 0, nullptr) == 0) return lost("preparing a statement");
  auto done = finish();
  if (!done) return done.error();
  return {};
}

Result<Rows> Connection::execute(const char* name, const Parameters& parameters) {
  std::vector<const char*> values;
  std::vector<int> lengths;
  const std::vector<int> formats(parameters.size(), 1);
  for (const std::string_view parameter : parameters) {
    values.push_back(parameter.data());
    lengths.push_back(static_cast<int>(parameter.size()));
  }
  if (PQsendQueryPrepared(connection_, name, static_cast<int>(parameters.size()), values.data(),
                          lengths.data(), formats.data(), 1) == 0) {
    return lost("sending a statement");
  }
  return finish();
}

/// The result of what was sent: the first error, or the last result.
Result<Rows> Connection::finish() {
  const Deadline deadline = steady_clock::now() + patience_;
  if (auto sent = flush(deadline); !sent) return sent.error();
  Rows last(nullptr);
  Error failure;
  while (true) {
    while (PQisBusy(connection_) != 0) {
      if (auto ready = await(POLLIN, deadline); !ready) return lost(ready.error());
      if (PQconsumeInput(connection_) == 0) return lost("waiting for an answer");
    }
    PGresult* result = PQgetResult(connection_);
    if (result == nullptr) break;
    if (!succeeded(result) && !failure.code.failed()) failure = refused(result);
    last = Rows(result);
  }
  if (PQstatus(connection_) == CONNECTION_BAD) {
    return failure.code.failed() ? lost(failure) : lost("waiting for an answer");
  }
  if (failure.code.failed()) return failure;
  return last;
}

Result<void> Connection::flush(Deadline deadline) {
  while (true) {
    const int left = PQflush(connection_);
    if (left == 0) return {};
    if (left < 0) return lost("sending a statement");
    // The server may have to be read before it reads on.
    if (auto ready = await(POLLIN | POLLOUT, deadline); !ready) return lost(ready.error());
    if (PQconsumeInput(connection_) == 0) return lost("sending a statement");
  }
}

Result<void> Connection::await(short events, Deadline deadline) {
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    if (left.count() <= 0) return Error(Errc::kUnavailable, "the server did not answer in time");
    std::array<pollfd, 2> polled{{{PQsocket(connection_), events, 0}, {stop_.fd(), POLLIN, 0}}};
    const int ready = ::poll(polled.data(), polled.size(), static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) return Error(Errc::kUnavailable, std::strerror(errno));
    if (ready <= 0) continue;
    if (polled[1].revents != 0) return Error(Errc::kCancelled, "the store is closing");
    return {};
  }
}

/// Closes: after a broken exchange nothing more can be known about this connection.
Error Connection::lost(const Error& why) {
  close();
  return why.is(Errc::kCancelled) ? why : Error(Errc::kUnavailable, why.detail);
}

Error Connection::lost(const char* while_doing) {
  const std::string text = one_line(PQerrorMessage(connection_));
  return lost(Error(Errc::kUnavailable,
                    text.empty() ? std::string("connection lost while ") + while_doing : text));
}

Result<void> check_url(const std::string& url) {
  if (!url.starts_with("postgresql://") && !url.starts_with("postgres://")) {
    return Error(Errc::kInvalidArgument,
                 "a database URL has the form postgresql://user:password@host:port/database");
  }
  char* raw = nullptr;
  PQconninfoOption* parsed = PQconninfoParse(url.c_str(), &raw);
  const std::unique_ptr<char, decltype(&PQfreemem)> text(raw, &PQfreemem);
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(parsed,
                                                                             &PQconninfoFree);
  if (parsed != nullptr) return {};
  // libpq quotes the part it stumbled over, which may be the password.
  std::string reason = one_line(raw);
  return Error(Errc::kInvalidArgument, "database URL: " + reason.substr(0, reason.find('"')));
}

}  // namespace stampede::postgres
