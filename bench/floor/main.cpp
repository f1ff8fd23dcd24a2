// The kernel's price of fan-out: one thread that upgrades WebSockets without looking, and sends
// each publisher's message to every member of its room with one send(2). No order, no storage, no
// protocol, no bounds: what a server on the same machine could cost at the very least without
// gathering messages.
//
//     bench_floor PORT
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace stampede::bench {
namespace {

// The answer to the one key that bench_load uses.
constexpr std::string_view kUpgraded =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

struct Client {
  int fd = -1;
  bool upgraded = false;
  bool publishes = false;
  std::string room;
  std::string partial;
};

class Floor {
 public:
  explicit Floor(int port) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener_, 4096) != 0) {
      std::perror("bench_floor");
      std::exit(1);
    }
    watch(listener_, nullptr);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 256> events{};
    while (true) {
      const int found = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < found; ++i) {
        auto* client = static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (client == nullptr) {
          accept_all();
        } else {
          read(*client);
        }
      }
    }
  }

 private:
  void watch(int fd, Client* client) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = client;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  void accept_all() {
    while (true) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (fd < 0) return;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      clients_.push_back(std::make_unique<Client>());
      clients_.back()->fd = fd;
      watch(fd, clients_.back().get());
    }
  }

  void read(Client& client) {
    const ssize_t got = recv(client.fd, buffer_.data(), buffer_.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return end(client);
    client.partial.append(buffer_.data(), static_cast<std::size_t>(got));
    if (!client.upgraded && !upgrade(client)) return;
    std::size_t used = 0;
    while (const std::size_t length =
               relay(client, std::string_view(client.partial).substr(used))) {
      used += length;
    }
    client.partial.erase(0, used);
  }

  /// "GET /sub/<room> " or "GET /pub/<room> ".
  bool upgrade(Client& client) {
    const std::size_t end_of_head = client.partial.find("\r\n\r\n");
    if (end_of_head == std::string::npos) return false;
    client.publishes = client.partial.starts_with("GET /pub/");
    client.room = client.partial.substr(9, client.partial.find(' ', 9) - 9);
    client.partial.erase(0, end_of_head + 4);
    client.upgraded = true;
    send(client.fd, kUpgraded.data(), kUpgraded.size(), MSG_NOSIGNAL);
    if (!client.publishes) rooms_[client.room].push_back(client.fd);
    return true;
  }

  /// Sends one masked frame on, unmasked; returns its length, 0 if it is not complete. bench_load's
  /// mask is all zeros.
  std::size_t relay(const Client& client, std::string_view bytes) {
    if (bytes.size() < 2) return 0;
    std::size_t header = 2;
    std::size_t size = static_cast<unsigned char>(bytes[1]) & 127U;
    if (size == 126) {
      if (bytes.size() < 4) return 0;
      header = 4;
      size = static_cast<std::size_t>(static_cast<unsigned char>(bytes[2])) << 8 |
             static_cast<unsigned char>(bytes[3]);
    }
    if (bytes.size() < header + 4 + size) return 0;
    std::string frame(bytes.substr(0, header));
    frame[1] = static_cast<char>(frame[1] & 127);
    frame += bytes.substr(header + 4, size);
    if (client.publishes) {
      for (const int member : rooms_[client.room]) {
        send(member, frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      }
    }
    return header + 4 + size;
  }

  void end(Client& client) {
    auto& room = rooms_[client.room];
    std::erase(room, client.fd);
    close(client.fd);
  }

  int epoll_ = epoll_create1(0);
  int listener_ = -1;
  std::vector<std::unique_ptr<Client>> clients_;
  std::unordered_map<std::string, std::vector<int>> rooms_;
  std::array<char, 65536> buffer_{};
};

}  // namespace
}  // namespace stampede::bench

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: bench_floor PORT\n", stderr);
    return 2;
  }
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  stampede::bench::Floor(std::atoi(argv[1])).run();
}
