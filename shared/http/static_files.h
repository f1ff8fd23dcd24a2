#pragma once

#include <map>
#include <memory>
#include <string>

#include "shared/base/error.h"
#include "shared/http/router.h"

namespace stampede::http {

/// The files of one directory, read once at start and served from memory: no request touches the
/// file system, so no request can leave the directory. A changed page needs a restart.
class StaticFiles {
 public:
  /// Reads every regular file below `directory`. Symbolic links that lead out of it, names that
  /// start with a dot and files of unknown type are left out. Fails when there is no index.html or
  /// more than 64 MiB.
  static Result<StaticFiles> load(const std::string& directory);

  /// Answers GET and HEAD with ETag, revalidation (If-None-Match) and the headers that keep a
  /// browser from running anything else; "/" and "/dir/" mean their index.html. For
  /// `Router::fallback`.
  [[nodiscard]] Handler handler() const;

 private:
  struct File {
    std::string content_type;
    std::string etag;
    std::string bytes;
  };
  using Files = std::map<std::string, File, std::less<>>;  ///< by path: "/app.js"

  explicit StaticFiles(std::shared_ptr<const Files> files) : files_(std::move(files)) {}
  static Response serve(const Files& files, const Request& request);

  std::shared_ptr<const Files> files_;
};

}  // namespace stampede::http
