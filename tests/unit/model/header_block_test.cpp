#include "shared/model/header_block.h"

#include <gtest/gtest.h>

namespace stampede::test {
namespace {

using Headers = std::vector<MessageHeader>;

TEST(HeaderBlockTest, ReadsBackWhatItWrote) {
  std::string every_byte;
  for (int c = 0; c < 256; ++c) every_byte += static_cast<char>(c);
  for (const Headers& headers :
       {Headers{}, Headers{{"a", "1"}}, Headers{{"", ""}}, Headers{{"a", "1"}, {"a", "2"}},
        Headers{{every_byte, every_byte}, {"b:c", "d:e"}}, Headers{{"\\c", "\\\\n"}}}) {
    const auto read = decode_header_block(encode_header_block(headers));
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(*read, headers);
  }
}

TEST(HeaderBlockTest, IsReadable) {
  EXPECT_EQ(encode_header_block({{"x-color", "green"}, {"time", "12:30\n"}}),
            "x-color:green\ntime:12\\c30\\n\n");
}

TEST(HeaderBlockTest, RefusesWhatItDidNotWrite) {
  for (const std::string block : {"no colon\n", "a:1", "a:\\x\n", "a:\\\n", "\n", ":"}) {
    EXPECT_FALSE(decode_header_block(block)) << block;
  }
}

}  // namespace
}  // namespace stampede::test
