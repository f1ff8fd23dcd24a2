#include "shared/auth/hash_password.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <future>
#include <string>

#include "shared/auth/passcode.h"

namespace stampede::auth {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// What a FILE* was given, as text.
class Written {
 public:
  Written() : file_(::open_memstream(&text_, &size_)) {}
  ~Written() {
    std::fclose(file_);
    ::free(text_);
  }
  Written(const Written&) = delete;
  Written& operator=(const Written&) = delete;

  std::FILE* file() { return file_; }
  std::string text() {
    std::fflush(file_);
    return {text_, size_};
  }
  /// Without the line end.
  std::string line() {
    const std::string all = text();
    return all.substr(0, all.find('\n'));
  }

 private:
  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_;
};

int run(const std::string& input, Written& out, Written& prompts) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  EXPECT_EQ(::write(ends[1], input.data(), input.size()), static_cast<ssize_t>(input.size()));
  ::close(ends[1]);
  const int status = hash_password(ends[0], out.file(), prompts.file());
  ::close(ends[0]);
  return status;
}

TEST(HashPasswordTest, HashesALineOfItsInput) {
  for (const char* end : {"", "\n", "\r\n", "\nmore\n"}) {
    Written out;
    Written prompts;
    EXPECT_EQ(run(std::string("correct horse") + end, out, prompts), EXIT_SUCCESS);
    EXPECT_TRUE(passcode_fits(out.line(), "correct horse"));
    EXPECT_EQ(prompts.text(), "");
  }
}

TEST(HashPasswordTest, SaysWhenThereIsNothingToHash) {
  for (const auto& [input, why] : {std::pair("", "no passcode was given"), {"\n", "is empty"}}) {
    Written out;
    Written prompts;
    EXPECT_EQ(run(input, out, prompts), EXIT_FAILURE);
    EXPECT_THAT(prompts.text(), HasSubstr(why));
    EXPECT_EQ(out.text(), "");
  }
}

/// A terminal and the person at it.
class Terminal {
 public:
  Terminal() : person_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    ::grantpt(person_);
    ::unlockpt(person_);
    program_ = ::open(::ptsname(person_), O_RDWR | O_NOCTTY);
    prompts_ = ::fdopen(::dup(program_), "w");
  }
  ~Terminal() {
    std::fclose(prompts_);
    ::close(program_);
    ::close(person_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] int program() const { return program_; }
  std::FILE* prompts() { return prompts_; }
  void type(const std::string& text) const {
    EXPECT_EQ(::write(person_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  /// Blocks until the screen shows it; what has been read so far stays on the screen.
  void wait_for(const std::string& text) {
    std::array<char, 256> read{};
    while (screen_.find(text) == std::string::npos) {
      const ssize_t got = ::read(person_, read.data(), read.size());
      ASSERT_GT(got, 0);
      screen_.append(read.data(), static_cast<std::size_t>(got));
    }
  }
  [[nodiscard]] const std::string& screen() const { return screen_; }
  [[nodiscard]] bool echoes() const {
    termios now{};
    ::tcgetattr(program_, &now);
    return (now.c_lflag & ECHO) != 0;
  }

 private:
  int person_;
  int program_ = -1;
  std::FILE* prompts_ = nullptr;
  std::string screen_;
};

TEST(HashPasswordTest, AsksATerminalTwiceAndShowsNothing) {
  Terminal terminal;
  Written out;
  auto done = std::async(std::launch::async, [&] {
    return hash_password(terminal.program(), out.file(), terminal.prompts());
  });
  terminal.wait_for("Passcode: ");
  EXPECT_FALSE(terminal.echoes());
  terminal.type("correct horse\n");
  terminal.wait_for("again: ");
  terminal.type("correct horse\n");
  EXPECT_EQ(done.get(), EXIT_SUCCESS);
  EXPECT_TRUE(passcode_fits(out.line(), "correct horse"));
  EXPECT_THAT(terminal.screen(), Not(HasSubstr("horse")));
  EXPECT_TRUE(terminal.echoes());
}

TEST(HashPasswordTest, SaysThatTheTwoDiffer) {
  Terminal terminal;
  Written out;
  auto done = std::async(std::launch::async, [&] {
    return hash_password(terminal.program(), out.file(), terminal.prompts());
  });
  terminal.wait_for("Passcode: ");
  terminal.type("correct horse\n");
  terminal.wait_for("again: ");
  terminal.type("correct house\n");
  EXPECT_EQ(done.get(), EXIT_FAILURE);
  terminal.wait_for("not the same");
  EXPECT_EQ(out.text(), "");
  EXPECT_TRUE(terminal.echoes());
}

}  // namespace
}  // namespace stampede::auth
