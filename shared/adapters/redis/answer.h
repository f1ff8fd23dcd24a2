#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

struct redisReply;

namespace stampede::redis {

/// A look at a reply of the server; valid only while the callback that got it runs. Reading
/// something that is not there, or of another type, gives nothing: nil, empty, 0.
class Answer {
 public:
  explicit Answer(const redisReply* reply) : reply_(reply) {}

  [[nodiscard]] bool is_nil() const;
  [[nodiscard]] bool is_error() const;
  /// Of a string, a status or an error.
  [[nodiscard]] std::string_view text() const;
  [[nodiscard]] std::int64_t integer() const;
  /// Of an array.
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] Answer operator[](std::size_t index) const;

 private:
  const redisReply* reply_;
};

}  // namespace stampede::redis
