#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stampede::postgres {

/// Types of array elements, by their fixed OIDs (pg_type.dat).
enum class ElementType : std::uint32_t { kBytea = 17, kInt8 = 20, kText = 25, kUuid = 2950 };

/// A one-dimensional array without NULLs in PostgreSQL's binary parameter format.
class ArrayBuilder {
 public:
  explicit ArrayBuilder(ElementType type);

  void add(std::string_view bytes);
  void add(std::int64_t value);

  [[nodiscard]] const std::string& data() const noexcept { return data_; }

 private:
  void count_one();

  std::string data_;
  std::uint32_t count_ = 0;
};

}  // namespace stampede::postgres
