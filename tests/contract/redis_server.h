#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/contract/asking.h"
#include "tests/contract/redis_client.h"

namespace stampede::test {

/// A redis-server of the test's own, on a loopback port, without persistence: what a test may stop,
/// freeze and start again.
class RedisServer {
 public:
  explicit RedisServer(std::vector<std::string> more_arguments = {})
      : port_(free_port()), more_arguments_(std::move(more_arguments)) {
    start();
  }
  ~RedisServer() {
    if (pid_ > 0) stop();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }

  void start() {
    std::filesystem::create_directories(directory_);
    std::vector<std::string> arguments{
        "redis-server",     "--bind", "127.0.0.1", "--port",   std::to_string(port_),
        "--save",           "",       "--dir",     directory_, "--logfile",
        directory_ + "/log"};
    arguments.insert(arguments.end(), more_arguments_.begin(), more_arguments_.end());
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::execvp("redis-server", argv.data());
      ::_exit(127);
    }
    if (!eventually([this] { return accepts(); })) {
      throw std::runtime_error("redis-server does not start; is it installed? (apt: redis-server)");
    }
  }
  void stop() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  void freeze() const { ::kill(pid_, SIGSTOP); }
  void thaw() const { ::kill(pid_, SIGCONT); }

  static int free_port() {
    const int fd = bound_socket();
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(fd);
    return ntohs(address.sin_port);
  }

 private:
  static int bound_socket() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("no free port");
    }
    return fd;
  }
  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  [[nodiscard]] bool accepts() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port_);
    const bool connected =
        ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return connected;
  }

  int port_;
  std::vector<std::string> more_arguments_;
  std::string directory_ =
      std::filesystem::temp_directory_path() / ("stampede-redis-" + random_hex(6));
  pid_t pid_ = -1;
};

}  // namespace stampede::test
