#include "bench/load/driver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <utility>

#include "bench/load/stamp.h"
#include "bench/load/websocket.h"

namespace stampede::bench {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;
/// A client address has about 28,000 ports to one server; beyond that the next loopback address.
constexpr std::size_t kConnectionsPerAddress = 20'000;

sockaddr_in address_of(const Target& target) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(target.port));
  if (inet_pton(AF_INET, target.host.c_str(), &address.sin_addr) != 1) {
    throw std::runtime_error("'" + target.host + "' is not an IPv4 address");
  }
  return address;
}

void bind_source(int fd, std::size_t number) {
  sockaddr_in source{};
  source.sin_family = AF_INET;
  source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + static_cast<std::uint32_t>(number));
  const int on = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0) {
    throw std::runtime_error(std::string("cannot bind a loopback address: ") + strerror(errno));
  }
}

}  // namespace

std::uint64_t now_ns() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U +
         static_cast<std::uint64_t>(time.tv_nsec);
}

Driver::Driver(const Plan& plan, const Protocol& protocol, Stage& stage, std::size_t index)
    : plan_(plan),
      protocol_(protocol),
      stage_(stage),
      index_(index),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      buffer_(kBufferBytes) {
  for (std::size_t i = index; i < plan.members; i += plan.threads) {
    add({Role::kMember, i, i % plan.rooms});
  }
  for (std::size_t i = index; i < plan.publishers; i += plan.threads) {
    add({Role::kPublisher, i, i % plan.rooms});
    publishers_.push_back(connections_.back().get());
  }
  ++stage_.publishing;
}

Driver::~Driver() {
  for (const auto& connection : connections_) {
    if (connection->fd >= 0) close(connection->fd);
  }
  close(epoll_);
}

void Driver::add(const Part& part) {
  auto connection = std::make_unique<Connection>();
  connection->part = part;
  if (part.role == Role::kMember) {
    // Publisher p speaks in room p mod rooms, as its (p / rooms)th.
    connection->seen.resize((plan_.publishers + plan_.rooms - 1) / plan_.rooms);
  }
  connections_.push_back(std::move(connection));
}

void Driver::run() {
  // The kernel would let a wait last 50 microseconds longer.
  prctl(PR_SET_TIMERSLACK, 1UL);
  std::array<epoll_event, 256> events{};
  while (!stage_.end) {
    leave_or_come_back();
    open_some();
    publish_due(now_ns());
    const timespec wait = until_next_due(now_ns());
    const int found =
        epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &wait, nullptr);
    for (int i = 0; i < found; ++i) {
      auto& event = events[static_cast<std::size_t>(i)];
      on_event(*static_cast<Connection*>(event.data.ptr), event.events);
    }
    tell_stage();
  }
}

/// What is expected first, so that everything is never thought to be there too early.
void Driver::tell_stage() {
  stage_.expected += tally_.expected - std::exchange(announced_, tally_.expected);
  stage_.confirmed += tally_.confirmed - std::exchange(receipted_, tally_.confirmed);
  stage_.arrived += tally_.arrived - std::exchange(noticed_, tally_.arrived);
  stage_.delivered += tally_.delivered - std::exchange(reported_, tally_.delivered);
}

/// A millisecond at most, because nothing wakes a thread when the stage changes.
timespec Driver::until_next_due(std::uint64_t now) const noexcept {
  constexpr std::uint64_t kLongest = 1'000'000;
  std::uint64_t wait = kLongest;
  if (plan_.rate > 0 && !done_publishing_ && stage_.begin_ns != 0) {
    const std::uint64_t due = due_ns(scheduled_);
    wait = due > now ? std::min(due - now, kLongest) : 0;
  }
  return {0, static_cast<long>(wait)};
}

/// When a message of the schedule is to be sent.
std::uint64_t Driver::due_ns(std::uint64_t number) const noexcept {
  const double per_message = 1e9 * static_cast<double>(plan_.threads) / plan_.rate;
  return stage_.begin_ns + static_cast<std::uint64_t>(static_cast<double>(number) * per_message);
}

void Driver::open_some() {
  while (!away_ && opening_ < plan_.connecting && next_to_open_ < connections_.size()) {
    Connection& next = *connections_[next_to_open_++];
    if (next.state == Connection::State::kWaiting) connect(next);
  }
}

void Driver::leave_or_come_back() {
  if (stage_.away == away_) return;
  away_ = !away_;
  next_to_open_ = 0;
  if (!away_) return;
  for (const auto& connection : connections_) {
    if (connection->part.role != Role::kMember) continue;
    close(std::exchange(connection->fd, -1));
    connection->state = Connection::State::kWaiting;
    connection->step = 0;
    connection->partial.clear();
    connection->unsent.clear();
    --stage_.ready;
  }
}

void Driver::connect(Connection& connection) {
  const bool publishes = connection.part.role == Role::kPublisher && !plan_.publishers_at.empty();
  const auto& targets = publishes ? plan_.publishers_at : plan_.members_at;
  // The members of a room go to all, and so do the publishers of different rooms.
  const std::size_t place = connection.part.number / plan_.rooms + connection.part.room;
  const Target& target = targets[place % targets.size()];
  const sockaddr_in address = address_of(target);
  ++opening_;
  connection.started_ns = now_ns();
  connection.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (connection.fd < 0) return fail(connection, strerror(errno));
  const int on = 1;
  setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (const std::size_t block = connection.part.number / kConnectionsPerAddress; block > 0) {
    bind_source(connection.fd, block);
  }
  connection.state = Connection::State::kConnecting;
  if (::connect(connection.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
      errno != EINPROGRESS) {
    return fail(connection, strerror(errno));
  }
  connection.unsent = upgrade_request(target.host + ":" + std::to_string(target.port),
                                      protocol_.path(connection.part), protocol_.subprotocol());
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLET;
  event.data.ptr = &connection;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
}

void Driver::on_event(Connection& connection, std::uint32_t events) {
  if (connection.state == Connection::State::kBroken) return;
  if (connection.state == Connection::State::kConnecting) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(connection.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail(connection, strerror(error));
    connection.state = Connection::State::kUpgrading;
  }
  if ((events & EPOLLIN) != 0U) on_readable(connection);
  if (connection.state != Connection::State::kBroken) flush(connection);
}

void Driver::on_readable(Connection& connection) {
  while (connection.state != Connection::State::kBroken) {
    const std::size_t kept = connection.partial.size();
    if (kept * 2 > buffer_.size()) buffer_.resize(kept * 4);
    std::memcpy(buffer_.data(), connection.partial.data(), kept);
    const ssize_t got = recv(connection.fd, buffer_.data() + kept, buffer_.size() - kept, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return fail(connection, got == 0 ? "the server closed" : strerror(errno));
    read_ns_ = now_ns();
    const std::string_view bytes(buffer_.data(), kept + static_cast<std::size_t>(got));
    const std::size_t used = take(connection, bytes);
    connection.partial.assign(bytes.substr(used));
    if (bytes.size() < buffer_.size()) return;
  }
}

std::size_t Driver::take(Connection& connection, std::string_view bytes) {
  std::size_t used = 0;
  if (connection.state == Connection::State::kUpgrading) {
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return 0;
    if (!bytes.starts_with("HTTP/1.1 101")) {
      fail(connection, bytes.substr(0, bytes.find('\r')));
      return bytes.size();
    }
    used = end + 4;
    upgraded(connection);
  }
  while (connection.state != Connection::State::kBroken) {
    const ServerFrame frame = first_frame(bytes.substr(used));
    if (frame.length == 0) break;
    used += frame.length;
    if (frame.opcode == Opcode::kPing) {
      append_frame(connection.unsent, Opcode::kPong, frame.payload);
    } else if (frame.opcode == Opcode::kClose) {
      fail(connection, frame.payload.size() > 2 ? frame.payload.substr(2) : "closed");
    } else if (frame.opcode != Opcode::kPong) {
      const Event event =
          protocol_.on_message(connection.part, connection.step, frame.payload, connection.unsent);
      on_protocol(connection, event, frame.payload);
    }
  }
  return used;
}

void Driver::upgraded(Connection& connection) {
  connection.state = Connection::State::kOpen;
  on_protocol(connection, protocol_.on_open(connection.part, connection.step, connection.unsent),
              {});
}

void Driver::on_protocol(Connection& connection, Event event, std::string_view payload) {
  switch (event) {
    case Event::kNothing: return;
    case Event::kReady:
      connection.state = Connection::State::kReady;
      if (plan_.resume && connection.part.since.empty()) {
        connection.part.since = protocol_.position(payload);
      }
      tally_.connect.record(read_ns_ - connection.started_ns);
      return finish_opening(true);
    case Event::kDelivery: return on_delivery(connection, payload);
    case Event::kConfirmed:
      if (connection.unconfirmed.empty()) return;
      if (counts(connection.unconfirmed.front())) {
        ++tally_.confirmed;
        tally_.confirm.record(read_ns_ - connection.unconfirmed.front());
      }
      connection.unconfirmed.pop_front();
      if (plan_.rate <= 0) publish_window(connection, read_ns_);
      return;
    case Event::kRefused: ++tally_.refused; return fail(connection, payload.substr(0, 300));
  }
}

void Driver::on_delivery(Connection& connection, std::string_view payload) {
  const auto stamp = find_stamp(payload);
  if (!stamp) return;
  const std::size_t place = stamp->publisher / plan_.rooms;
  if (place >= connection.seen.size()) return;
  const Numbers::Arrival arrival = connection.seen[place].take(stamp->number);
  const bool counted = counts(stamp->due_ns);
  if (counted) tally_.lost += arrival.skipped;
  if (arrival.repeated) {
    tally_.repeated += counted ? 1 : 0;
    return;
  }
  ++tally_.arrived;
  if (!counted) return;
  ++tally_.delivered;
  tally_.latency.record(read_ns_ - stamp->due_ns);
}

void Driver::flush(Connection& connection) {
  while (!connection.unsent.empty() && connection.state != Connection::State::kBroken) {
    const ssize_t sent =
        ::send(connection.fd, connection.unsent.data(), connection.unsent.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (sent < 0) return fail(connection, strerror(errno));
    connection.unsent.erase(0, static_cast<std::size_t>(sent));
  }
}

void Driver::fail(Connection& connection, std::string_view why) {
  if (connection.state == Connection::State::kBroken) return;
  const bool was_ready = connection.state == Connection::State::kReady;
  connection.state = Connection::State::kBroken;
  if (connection.fd >= 0) close(std::exchange(connection.fd, -1));
  ++tally_.broken;
  if (tally_.complaint.empty()) tally_.complaint = why;
  if (!was_ready) finish_opening(false);
}

void Driver::finish_opening(bool well) {
  --opening_;
  ++(well ? stage_.ready : stage_.failed);
}

// --- publishing
// -------------------------------------------------------------------------------------------

void Driver::publish_due(std::uint64_t now) {
  const std::uint64_t begin = stage_.begin_ns;
  if (done_publishing_ || begin == 0 || now < begin) return;
  if (plan_.rate <= 0) return publish_windows(now);
  while (!publishers_.empty()) {
    const std::uint64_t due = due_ns(scheduled_);
    if (due >= stage_.count_to_ns) break;
    if (due > now) return;
    publish(*publishers_[scheduled_ % publishers_.size()], due);
    ++scheduled_;
  }
  finish_publishing();
}

/// Each publisher fills its window once; from then on its confirmations do.
void Driver::publish_windows(std::uint64_t now) {
  if (done_publishing_) return;
  if (!std::exchange(windows_filled_, true)) {
    for (Connection* const publisher : publishers_) publish_window(*publisher, now);
  }
  const bool finished = std::all_of(publishers_.begin(), publishers_.end(), [&](const auto* one) {
    return one->state != Connection::State::kReady ||
           (one->sent == plan_.messages && one->unconfirmed.empty());
  });
  if (finished) finish_publishing();
}

void Driver::publish_window(Connection& publisher, std::uint64_t now) {
  while (publisher.state == Connection::State::kReady && publisher.sent < plan_.messages &&
         (!protocol_.confirms() || publisher.unconfirmed.size() < plan_.window)) {
    publish(publisher, now);
  }
}

void Driver::finish_publishing() {
  done_publishing_ = true;
  tell_stage();
  --stage_.publishing;
}

void Driver::publish(Connection& connection, std::uint64_t due_ns) {
  const auto publisher = static_cast<std::uint32_t>(connection.part.number);
  const std::uint32_t number = ++connection.sent;
  if (counts(due_ns)) {
    ++tally_.published;
    tally_.expected += members_of(connection.part.room);
  }
  // What a lost connection would have sent is missing at the members.
  if (connection.state != Connection::State::kReady) return;
  protocol_.publish(connection.part, number,
                    stamped_body({publisher, number, due_ns}, plan_.body_bytes), connection.unsent);
  if (protocol_.confirms()) connection.unconfirmed.push_back(due_ns);
  flush(connection);
}

bool Driver::counts(std::uint64_t due_ns) const noexcept {
  return due_ns >= stage_.count_from_ns.load(std::memory_order_relaxed) &&
         due_ns < stage_.count_to_ns.load(std::memory_order_relaxed);
}

std::size_t Driver::members_of(std::size_t room) const noexcept {
  return plan_.members / plan_.rooms + (room < plan_.members % plan_.rooms ? 1 : 0);
}

}  // namespace stampede::bench
