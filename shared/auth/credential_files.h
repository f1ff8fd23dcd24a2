#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "shared/auth/auth_options.h"
#include "shared/auth/key_set.h"
#include "shared/auth/users_file.h"
#include "shared/auth/watched_file.h"
#include "shared/base/metrics.h"

namespace stampede::auth {

/// What the files say; null where none is configured.
struct Known {
  std::shared_ptr<const Users> users;
  std::shared_ptr<const KeySet> keys;
  std::shared_ptr<const std::string> admin_key;
};

/// The users file, the keys and the administrator's key, as they were when they could last be used.
/// `refresh` on one thread at a time, `known` on any. `metrics` outlives it.
class CredentialFiles {
 public:
  CredentialFiles(const AuthOptions& options, Metrics& metrics);
  ~CredentialFiles();
  CredentialFiles(const CredentialFiles&) = delete;
  CredentialFiles& operator=(const CredentialFiles&) = delete;

  struct Refreshed {
    bool changed = false;         ///< something has that could be used
    std::vector<Error> problems;  ///< what could not, by file; its last content stays in force
  };
  /// Reads what has changed since the last call. Blocks while it reads.
  Refreshed refresh();

  [[nodiscard]] Known known() const;

 private:
  class Source;

  std::unique_ptr<Source> users_;
  std::unique_ptr<Source> keys_;
  std::unique_ptr<Source> admin_key_;
  mutable std::mutex mutex_;
  Known known_;  ///< guarded by mutex_
};

}  // namespace stampede::auth
