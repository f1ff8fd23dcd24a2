#include "tests/fuzz/notation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stampede::fuzz {
namespace {

using testing::ElementsAre;
using namespace std::string_literals;

TEST(NotationTest, SaysAnyByte) {
  EXPECT_EQ(parse_stream("a^@b^ff^0a^^c").whole(), "a\0b\xff\n^c"s);
}

TEST(NotationTest, CutsJoinsAndComments) {
  EXPECT_THAT(parse_stream("a^|b^\nc^# not this\nd^|").pieces, ElementsAre("a", "bcd", ""));
  EXPECT_THAT(parse_stream("").pieces, ElementsAre(""));
}

TEST(NotationTest, WhatMeansNothingStandsForItself) {
  EXPECT_EQ(parse_stream("^z^f").whole(), "^z^f");
  EXPECT_EQ(parse_stream("^").whole(), "^");
  EXPECT_EQ(parse_stream("a^#").whole(), "a");
}

TEST(NotationTest, TakesLinesAndWords) {
  std::string_view text = "one two\nthree";
  std::string_view line = take_line(text);
  EXPECT_EQ(take_word(line), "one");
  EXPECT_EQ(line, "two");
  EXPECT_EQ(take_line(text), "three");
  EXPECT_EQ(take_line(text), "");
}

}  // namespace
}  // namespace stampede::fuzz
