#include "shared/auth/watched_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

namespace stampede::auth {
namespace {

/// More would be somebody's mistake, and is parsed by a thread that others wait for.
constexpr std::size_t kMaxFileBytes = 16UL * 1024 * 1024;

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t most_bytes) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  if (file) {
    text.resize(most_bytes + 1);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
  }
  // A directory can be opened, but not read.
  if (!file.is_open() || file.bad()) {
    return Error(Errc::kUnavailable,
                 path + ": " + std::generic_category().message(errno != 0 ? errno : EIO));
  }
  if (text.size() > most_bytes) {
    return Error(Errc::kTooLarge,
                 path + ": more than " + std::to_string(most_bytes) + " bytes are not read");
  }
  return text;
}

WatchedFile::Stamp WatchedFile::stamp() const {
  struct stat found {};
  if (::stat(path_.c_str(), &found) != 0) return {};
  return {found.st_mtim, found.st_size, found.st_ino, found.st_dev};
}

std::optional<Result<std::string>> WatchedFile::changed() {
  // Taken before the file is read: a change in between is found the next time.
  const Stamp now = stamp();
  const bool same = seen_ && now.modified.tv_sec == seen_->modified.tv_sec &&
                    now.modified.tv_nsec == seen_->modified.tv_nsec && now.bytes == seen_->bytes &&
                    now.inode == seen_->inode && now.device == seen_->device;
  if (same) return std::nullopt;
  seen_ = now;
  return read_file(path_, kMaxFileBytes);
}

}  // namespace stampede::auth
