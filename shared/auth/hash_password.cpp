// The terminal is given back with its echo whatever ends the reading, a signal included: a shell
// that does not show what is typed is a poor way to say good-bye.
#include "shared/auth/hash_password.h"

#include <sodium.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "shared/auth/passcode.h"

namespace stampede::auth {
namespace {

volatile std::sig_atomic_t caught_signal = 0;

/// Makes signals that would end the process interrupt a read instead, and lets the last one through
/// afterwards.
class SignalsDeferred {
 public:
  SignalsDeferred() {
    caught_signal = 0;
    struct sigaction interrupt {};
    interrupt.sa_handler = [](int number) { caught_signal = number; };
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      ::sigaction(kSignals[i], &interrupt, &before_[i]);
    }
  }
  ~SignalsDeferred() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      ::sigaction(kSignals[i], &before_[i], nullptr);
    }
    if (caught_signal != 0) ::raise(caught_signal);
  }
  SignalsDeferred(const SignalsDeferred&) = delete;
  SignalsDeferred& operator=(const SignalsDeferred&) = delete;

 private:
  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  std::array<struct sigaction, kSignals.size()> before_{};
};

class EchoOff {
 public:
  explicit EchoOff(int terminal) : terminal_(terminal) {
    ::tcgetattr(terminal_, &before_);
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(terminal_, TCSAFLUSH, &silent);
  }
  ~EchoOff() { ::tcsetattr(terminal_, TCSAFLUSH, &before_); }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;

 private:
  int terminal_;
  termios before_{};
};

/// Without its line end; nothing when the input ends or a signal comes before there is one.
std::optional<std::string> read_line(int in) {
  std::string line;
  char c = 0;
  for (;;) {
    const ssize_t got = ::read(in, &c, 1);
    if (got < 0) return std::nullopt;
    if (got == 0 && line.empty()) return std::nullopt;
    if (got == 0 || c == '\n') break;
    line.push_back(c);
  }
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

std::optional<std::string> prompted(int in, std::FILE* prompts, const char* prompt) {
  std::fputs(prompt, prompts);
  std::fflush(prompts);
  auto line = read_line(in);
  std::fputs("\n", prompts);
  return line;
}

/// What was typed, the same twice; else nothing, and `prompts` says why.
std::optional<std::string> ask(int terminal, std::FILE* prompts) {
  const SignalsDeferred deferred;
  const EchoOff silent(terminal);
  auto first = prompted(terminal, prompts, "Passcode: ");
  if (!first) return std::nullopt;
  const auto again = prompted(terminal, prompts, "The same again: ");
  if (again && *again == *first) return first;
  if (again) std::fputs("the two are not the same\n", prompts);
  return std::nullopt;
}

}  // namespace

int hash_password(int in, std::FILE* out, std::FILE* prompts) {
  auto read = ::isatty(in) == 1 ? ask(in, prompts) : read_line(in);
  if (!read) {
    std::fputs("no passcode was given\n", prompts);
    return EXIT_FAILURE;
  }
  std::string passcode = *std::move(read);
  const auto hash = hash_passcode(passcode);
  sodium_memzero(passcode.data(), passcode.size());
  if (!hash) {
    std::fprintf(prompts, "%s\n", hash.error().detail.c_str());
    return EXIT_FAILURE;
  }
  std::fprintf(out, "%s\n", hash->c_str());
  return EXIT_SUCCESS;
}

}  // namespace stampede::auth
