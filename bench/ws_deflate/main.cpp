// What permessage-deflate costs and saves in one room: a shard sends chat messages to all members
// over loopback sockets, uncompressed and compressed, and its thread's CPU time is told, with the
// kernel's share of sending in it. docs/operations.md has figures.
//
//     bench_ws_deflate [members] [messages]
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <future>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "gateway/net/ws_connection.h"

namespace stampede::bench {
namespace {

using boost::asio::ip::tcp;

/// Words of a chat, drawn by how often they come (about 1/rank), so that it compresses like one.
std::string chat(std::mt19937& random, std::size_t bytes) {
  static constexpr std::array<const char*, 40> kWords{
      "the",    "you",   "to",      "is",      "I",        "and",    "it",       "that",
      "in",     "we",    "have",    "not",     "for",      "on",     "with",     "can",
      "this",   "what",  "do",      "at",      "just",     "know",   "like",     "when",
      "there",  "think", "lecture", "good",    "tomorrow", "why",    "server",   "works",
      "please", "again", "maybe",   "release", "meeting",  "branch", "question", "thanks"};
  std::string text;
  while (text.size() < bytes) {
    const double drawn = std::uniform_real_distribution<>(0, 1)(random);
    text += kWords[static_cast<std::size_t>(drawn * drawn * kWords.size())];
    text += random() % 9 == 0 ? ". " : " ";
  }
  text.resize(bytes);
  return text;
}

/// As gateway/session/frames.cpp makes them.
std::string message_frame(std::mt19937& random, std::size_t body_bytes) {
  const std::string seq = std::to_string(1'767'225'600'000'000 + random() % 1'000'000'000);
  return "MESSAGE\nsubscription:sub-0\nmessage-id:019b7a3e-" +
         std::to_string(random() % 9000 + 1000) + "-7c3a-9d21-" + std::to_string(random()) +
         "\ndestination:/topic/lecture.42\nseq:" + seq + "\nprev-seq:" + seq + "\nsender:user" +
         std::to_string(random() % 1000) +
         "\ntimestamp:1767225600123\nredelivered:false\ncontent-type:text/plain\ncontent-length:" +
         std::to_string(body_bytes) + "\n\n" + chat(random, body_bytes) + std::string("\0\n", 2);
}

class Silent final : public gateway::SessionInput {
 public:
  void on_bytes(std::string_view) override {}
  void on_overflow(std::size_t) override { throw std::logic_error("the bench sends too fast"); }
  void on_shutdown() override {}
  void on_end_of_input() override {}
  void on_closed(gateway::CloseReason) override {}
};

/// The members' own ends: everything that arrives is dropped, on a thread of its own.
class Drain {
 public:
  Drain() : thread_([this] { run(); }) {}
  ~Drain() {
    ending_ = true;
    thread_.join();
    for (const int socket : sockets_) ::close(socket);
    ::close(epoll_);
  }
  Drain(const Drain&) = delete;
  Drain& operator=(const Drain&) = delete;

  void connect(const tcp::endpoint& to) {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    if (socket < 0 || ::connect(socket, to.data(), static_cast<socklen_t>(to.size())) != 0) {
      throw std::runtime_error("cannot connect; too many members for the open files limit?");
    }
    sockets_.push_back(socket);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
  }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  void run() {
    std::array<epoll_event, 256> events{};
    std::vector<char> buffer(256 * 1024);
    while (!ending_) {
      const int found = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 50);
      for (int i = 0; i < found; ++i) {
        const int socket = events[static_cast<std::size_t>(i)].data.fd;
        const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got > 0) bytes_ += static_cast<std::uint64_t>(got);
        if (got == 0) epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
      }
    }
  }

  int epoll_ = epoll_create1(0);
  std::vector<int> sockets_;
  std::atomic<bool> ending_{false};
  std::atomic<std::uint64_t> bytes_{0};
  std::thread thread_;
};

double thread_cpu() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// One shard and its members.
class Room {
 public:
  Room(std::size_t members, int level) : budget_(members) {
    gateway::NetOptions options;
    options.outbox_bytes = std::size_t{64} << 20U;
    options.deflate = {level > 0, std::max(level, 1), 256};
    shard_ = std::make_unique<gateway::NetShard>(loop_, wheel_, options, budget_, metrics_);
    loop_.start();
    std::optional<gateway::WsDeflateAgreement> agreement;
    if (level > 0) agreement.emplace();
    for (std::size_t i = 0; i < members; ++i) add_member(agreement);
  }
  ~Room() {
    loop_.stop();
    connections_.clear();
    shard_.reset();
  }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  /// To everybody, written before it returns.
  void send(const std::string& frame) {
    on_loop([&] {
      const auto slice = gateway::Slice::of_stomp_frame(frame);
      for (const auto& connection : connections_) connection->send(slice);
    });
    on_loop([] {});  // behind the flush
  }
  /// Seconds that the shard's thread has worked.
  double cpu() {
    double seconds = 0;
    on_loop([&] { seconds = thread_cpu(); });
    return seconds;
  }
  double sent_bytes() { return metrics_.counter("stampede_gateway_sent_bytes_total", "").value(); }

 private:
  void on_loop(const std::function<void()>& work) {
    std::promise<void> done;
    loop_.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  void add_member(const std::optional<gateway::WsDeflateAgreement>& agreement) {
    drain_.connect(acceptor_.local_endpoint());
    tcp::socket socket(loop_.context());
    acceptor_.accept(socket);
    on_loop([&] {
      if (!shard_->admit()) throw std::logic_error("no place for a member");
      const auto made = std::make_shared<gateway::WsConnection>(
          *shard_, sockets::ClientSocket(std::move(socket)), "member", "hello\n", agreement);
      connections_.push_back(made);
      made->start(std::make_shared<Silent>(), {});
    });
  }

  Metrics metrics_;
  gateway::ConnectionBudget budget_;
  TimerWheel wheel_{system_clock()};
  Loop loop_{"room"};
  boost::asio::io_context accepting_;
  tcp::acceptor acceptor_{accepting_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
  Drain drain_;
  std::unique_ptr<gateway::NetShard> shard_;
  std::vector<std::shared_ptr<gateway::WsConnection>> connections_;
};

/// Seconds that compressing alone takes; the least of some rounds, because others use the machine.
double compressing(const std::vector<std::string>& frames, int level) {
  if (level == 0) return 0;
  Metrics metrics;
  const gateway::NetMetrics net_metrics(metrics);
  gateway::MessageDeflater deflater({true, level, 256}, net_metrics);
  double least = 1e9;
  for (int round = 0; round < 7; ++round) {
    std::vector<gateway::Slice> slices;
    for (const auto& frame : frames) slices.push_back(gateway::Slice::of_stomp_frame(frame));
    const double start = thread_cpu();
    for (gateway::Slice& slice : slices) deflater.deflate(slice);
    least = std::min(least, thread_cpu() - start);
  }
  return least;
}

void measure(std::size_t members, std::size_t messages, std::size_t body_bytes, int level) {
  std::mt19937 random(42);  // the same messages for every level
  std::vector<std::string> frames;
  for (std::size_t i = 0; i < messages; ++i) frames.push_back(message_frame(random, body_bytes));
  Room room(members, level);
  for (std::size_t i = 0; i < messages / 10; ++i) room.send(frames[i]);
  const double cpu = room.cpu();
  const double bytes = room.sent_bytes();
  for (const std::string& frame : frames) room.send(frame);
  const double used = room.cpu() - cpu;
  const auto deliveries = static_cast<double>(members * messages);
  std::printf("%10zu %8s %16.1f %18.2f %22.1f\n", body_bytes,
              level == 0 ? "off" : std::to_string(level).c_str(),
              (room.sent_bytes() - bytes) / deliveries, used * 1e6 / deliveries,
              compressing(frames, level) * 1e6 / static_cast<double>(messages));
}

void raise_file_limit() {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

int run(std::size_t members, std::size_t messages) {
  raise_file_limit();
  std::printf("%zu members of one room, %zu messages\n", members, messages);
  std::printf("%10s %8s %16s %18s %22s\n", "body bytes", "level", "bytes/delivery",
              "CPU us/delivery", "compressing us/message");
  for (const std::size_t body_bytes : {100u, 400u, 2000u, 20'000u}) {
    for (const int level : {0, 1, 6, 9}) measure(members, messages, body_bytes, level);
  }
  return 0;
}

}  // namespace
}  // namespace stampede::bench

int main(int argc, char** argv) {
  const int members = argc > 1 ? std::atoi(argv[1]) : 1000;
  const int messages = argc > 2 ? std::atoi(argv[2]) : 500;
  if (argc > 3 || members < 1 || messages < 10) {
    std::fputs("usage: bench_ws_deflate [members, 1 or more] [messages, 10 or more]\n", stderr);
    return 2;
  }
  try {
    return stampede::bench::run(static_cast<std::size_t>(members),
                                static_cast<std::size_t>(messages));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_ws_deflate: %s\n", error.what());
    return 1;
  }
}
