#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "shared/base/ids.h"

namespace stampede::test {

/// A directory of the test's own, gone with it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() { std::filesystem::create_directories(path_); }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }

  /// Writes the file anew under another name and puts it in its place, as editors do: readers see
  /// the old content or the new one.
  std::string write(const std::string& name, const std::string& text) const {
    const auto next = path_ / (name + ".next");
    std::ofstream(next, std::ios::binary) << text;
    std::filesystem::rename(next, path_ / name);
    return *this / name;
  }

 private:
  std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("stampede-test-" + random_hex(8));
};

}  // namespace stampede::test
