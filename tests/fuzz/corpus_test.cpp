// Every seed, and every input that once was a finding, in every build.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "tests/fuzz/targets.h"

namespace stampede::fuzz {
namespace {

namespace fs = std::filesystem;

const std::map<std::string, std::function<void(std::string_view)>>& targets() {
  static const std::map<std::string, std::function<void(std::string_view)>> table{
      {"stomp_decoder", stomp_decoder},
      {"ws_decoder", ws_decoder},
      {"utf8", utf8},
      {"session", session},
      {"wire", wire},
      {"query", query},
      {"jwt", jwt},
      {"jwks", jwks},
      {"users_file", users_file},
  };
  return table;
}

std::vector<fs::path> inputs() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(STAMPEDE_FUZZ_CORPUS)) {
    if (entry.is_regular_file()) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

class FuzzCorpusTest : public testing::TestWithParam<fs::path> {};

TEST_P(FuzzCorpusTest, KeepsItsPromises) {
  std::ifstream file(GetParam(), std::ios::binary);
  ASSERT_TRUE(file) << GetParam();
  const std::string input{std::istreambuf_iterator<char>(file), {}};
  const auto target = targets().find(GetParam().parent_path().filename().string());
  ASSERT_NE(target, targets().end()) << GetParam() << " is in no target's folder";
  EXPECT_NO_THROW(target->second(input));
}

std::string name_of(const testing::TestParamInfo<fs::path>& info) {
  std::string name =
      info.param.parent_path().filename().string() + "_" + info.param.stem().string();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Files, FuzzCorpusTest, testing::ValuesIn(inputs()), name_of);

TEST(FuzzTargetsTest, HasSeedsForEveryTarget) {
  for (const auto& [name, target] : targets()) {
    EXPECT_TRUE(fs::is_directory(fs::path(STAMPEDE_FUZZ_CORPUS) / name)) << name;
  }
}

}  // namespace
}  // namespace stampede::fuzz
