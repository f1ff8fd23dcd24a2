#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/ids.h"
#include "shared/http/message.h"

namespace stampede::worker {

inline constexpr std::size_t kDefaultLimit = 50;
inline constexpr std::size_t kMaxLimit = 200;

/// Reads the parameters of one request. The first thing that is wrong is kept, and which parameter
/// it is; what is read after that does not matter.
class QueryReader {
 public:
  /// Whatever the query holds beside `allowed`, or twice, is wrong.
  QueryReader(const http::Request& request, std::initializer_list<std::string_view> allowed);

  /// The path's {room}.
  RoomName room();
  /// The query's `limit`, or the default.
  std::size_t limit();
  /// A position, 0 to 2^53 - 1; nothing when it is not given.
  std::optional<Seq> position(std::string_view name);
  /// A room's name; empty when it is not given.
  std::string room_name(std::string_view name);
  /// Of two parameters at most one may be given.
  void exclude(std::string_view one, std::string_view other);

  [[nodiscard]] bool failed() const { return error_.code.failed(); }
  /// The problem document about it.
  [[nodiscard]] http::Response problem() const;

 private:
  void fail(std::string_view parameter, std::string text);
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t least, std::int64_t most);

  const http::Request& request_;
  Error error_;
  std::string parameter_;
};

}  // namespace stampede::worker
