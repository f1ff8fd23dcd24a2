// RFC 6455 section 9.1: the grammar of Sec-WebSocket-Extensions.
#include "gateway/net/ws_extensions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace stampede::test {
namespace {

using gateway::parse_ws_extensions;
using gateway::WsExtension;
using ::testing::ElementsAre;

/// `name;key;key=value` of each; "refused" for what is no list.
std::vector<std::string> read(std::string_view line) {
  std::vector<WsExtension> extensions;
  if (!parse_ws_extensions(line, extensions)) return {"refused"};
  std::vector<std::string> out;
  for (const WsExtension& extension : extensions) {
    std::string text = extension.name;
    for (const auto& parameter : extension.parameters) {
      text += ";" + parameter.name + (parameter.value ? "=" + *parameter.value : "");
    }
    out.push_back(text);
  }
  return out;
}

TEST(WsExtensionsTest, ReadsTheExamplesOfTheRfcs) {
  EXPECT_THAT(read("foo"), ElementsAre("foo"));
  EXPECT_THAT(read("bar; baz=2"), ElementsAre("bar;baz=2"));
  EXPECT_THAT(read("deflate-stream"), ElementsAre("deflate-stream"));
  EXPECT_THAT(read("mux; max-channels=4; flow-control, deflate-stream"),
              ElementsAre("mux;max-channels=4;flow-control", "deflate-stream"));
  EXPECT_THAT(read("permessage-deflate; client_max_window_bits; server_max_window_bits=10, "
                   "permessage-deflate; client_max_window_bits"),
              ElementsAre("permessage-deflate;client_max_window_bits;server_max_window_bits=10",
                          "permessage-deflate;client_max_window_bits"));
}

TEST(WsExtensionsTest, SpacesAndQuotesAndEmptyElementsDoNotMatter) {
  EXPECT_THAT(read("a;b=c,d"), ElementsAre("a;b=c", "d"));
  EXPECT_THAT(read("\t a ; b = c\t,  d "), ElementsAre("a;b=c", "d"));
  EXPECT_THAT(read("a; b=\"10\""), ElementsAre("a;b=10"));
  EXPECT_THAT(read("a; b=\"1\\0\", c"), ElementsAre("a;b=10", "c"));
  EXPECT_THAT(read(""), ElementsAre());
  EXPECT_THAT(read(" , a,, b ,"), ElementsAre("a", "b"));
}

TEST(WsExtensionsTest, RefusesWhatIsNoList) {
  for (const char* line : {"a;", "a;;b", ";a", "a=b", "a; b=", "a; =b", "a; b=c d", "a b",
                           "a; b=\"c", "a; b=\"\"", "a; b=\"c d\"", "a; b=\"c\\", "a; b=\"c\"d",
                           "a/b", "a; b=c=d", "a, (b)", "\"a\"", "a; \"b\"", "\x80"}) {
    EXPECT_THAT(read(line), ElementsAre("refused")) << line;
  }
}

TEST(WsExtensionsTest, LinesOfOneHeaderAddUp) {
  std::vector<WsExtension> extensions;
  EXPECT_TRUE(parse_ws_extensions("a", extensions));
  EXPECT_TRUE(parse_ws_extensions("b; c", extensions));
  ASSERT_EQ(extensions.size(), 2u);
  EXPECT_EQ(extensions[1].name, "b");
}

}  // namespace
}  // namespace stampede::test
