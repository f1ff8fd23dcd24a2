#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "shared/base/error.h"

namespace stampede::sqlite {

/// One prepared statement, to be reset before it is bound again. Bound values must outlive the
/// steps.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement, &sqlite3_finalize) {}

  void reset();
  void bind(int index, std::int64_t value);
  void bind_text(int index, std::string_view text);
  void bind_blob(int index, std::string_view bytes);

  /// True: a row is there; false: done. kInvalidArgument when the data of the row cannot be stored,
  /// kUnavailable for everything else; details are SQLite's own words.
  Result<bool> step();
  /// Steps to the end of what gives no rows, and resets; errors as of `step`.
  Result<void> run();

  [[nodiscard]] std::int64_t int64(int column) const;
  [[nodiscard]] std::string_view bytes(int column) const;  ///< until the next step

 private:
  std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement_;
};

/// One connection to the file. Used by one thread at a time.
class Database {
 public:
  enum class Mode { kReadWrite, kReadOnly };

  static Result<Database> open(const std::filesystem::path& path, Mode mode);

  Result<void> run(const char* sql);
  Result<Statement> prepare(const char* sql);
  [[nodiscard]] std::int64_t changes() const { return sqlite3_changes64(database_.get()); }
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }

 private:
  explicit Database(sqlite3* database) : database_(database, &sqlite3_close_v2) {}

  std::unique_ptr<sqlite3, decltype(&sqlite3_close_v2)> database_;
};

}  // namespace stampede::sqlite
