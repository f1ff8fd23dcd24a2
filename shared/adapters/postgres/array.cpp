// Binary rather than text arrays: no escaping of bodies on this side, no parsing on the server's.
#include "shared/adapters/postgres/array.h"

namespace stampede::postgres {
namespace {

// number of dimensions, has-NULLs flag, element type; then per dimension: length, lower bound
constexpr std::size_t kCountOffset = 12;

void put_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

}  // namespace

ArrayBuilder::ArrayBuilder(ElementType type) {
  put_u32(data_, 1);
  put_u32(data_, 0);
  put_u32(data_, static_cast<std::uint32_t>(type));
  put_u32(data_, 0);
  put_u32(data_, 1);
}

void ArrayBuilder::add(std::string_view bytes) {
  put_u32(data_, static_cast<std::uint32_t>(bytes.size()));
  data_.append(bytes);
  count_one();
}

void ArrayBuilder::add(std::int64_t value) {
  put_u32(data_, 8);
  const auto bits = static_cast<std::uint64_t>(value);
  put_u32(data_, static_cast<std::uint32_t>(bits >> 32));
  put_u32(data_, static_cast<std::uint32_t>(bits));
  count_one();
}

void ArrayBuilder::count_one() {
  ++count_;
  for (std::size_t i = 0; i < 4; ++i) {
    data_[kCountOffset + i] = static_cast<char>(count_ >> (24 - 8 * i));
  }
}

}  // namespace stampede::postgres
