#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <optional>
#include <string>

#include "shared/base/error.h"

namespace stampede::auth {

/// The whole text of a file of at most `most_bytes`. kUnavailable with the path and the reason.
Result<std::string> read_file(const std::string& path, std::size_t most_bytes);

/// A file that people change while the program runs: written in place, replaced, or a link that is
/// turned (Kubernetes). Blocks while it reads. One thread.
class WatchedFile {
 public:
  explicit WatchedFile(std::string path) : path_(std::move(path)) {}

  /// The content when the file is another one than at the last call, told by its time, size and
  /// inode; an error once when it has become unreadable; else nothing.
  std::optional<Result<std::string>> changed();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  /// What tells one state of the file from another; all zero: not there.
  struct Stamp {
    timespec modified{};
    off_t bytes = 0;
    ino_t inode = 0;
    dev_t device = 0;
  };
  [[nodiscard]] Stamp stamp() const;

  std::string path_;
  std::optional<Stamp> seen_;
};

}  // namespace stampede::auth
