#include "shared/adapters/postgres/array.h"

#include <gtest/gtest.h>

namespace stampede::test {
namespace {

using postgres::ArrayBuilder;
using postgres::ElementType;

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

// The format is PostgreSQL's array_recv(): dimensions, flags, element type, length, lower bound.
TEST(ArrayBuilderTest, WritesNumbers) {
  ArrayBuilder array(ElementType::kInt8);
  array.add(std::int64_t{-2});
  array.add(std::int64_t{1} << 52);
  EXPECT_EQ(array.data(), bytes({0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 2, 0, 0, 0, 1}) +
                              bytes({0, 0, 0, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe}) +
                              bytes({0, 0, 0, 8, 0, 0x10, 0, 0, 0, 0, 0, 0}));
}

TEST(ArrayBuilderTest, WritesBytes) {
  ArrayBuilder array(ElementType::kBytea);
  array.add("");
  array.add(std::string_view("a\0b", 3));
  EXPECT_EQ(array.data(), bytes({0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 0, 2, 0, 0, 0, 1}) +
                              bytes({0, 0, 0, 0, 0, 0, 0, 3, 'a', 0, 'b'}));
}

TEST(ArrayBuilderTest, CountsBeyondAByte) {
  ArrayBuilder array(ElementType::kText);
  for (int i = 0; i < 70'000; ++i) array.add("x");
  EXPECT_EQ(array.data().substr(12, 4), bytes({0, 1, 0x11, 0x70}));
}

}  // namespace
}  // namespace stampede::test
