// docs/stomp-conformance.md names tests; a name that nobody has, or a clause that nothing holds,
// fails here.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// `Suite.Name` of every TEST, TEST_F and TEST_P, and `file.test.mjs: title` of every test in
/// JavaScript.
std::set<std::string> tests_of(const fs::path& root) {
  static const std::regex cpp(R"(TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\))");
  static const std::regex mjs(R"re(\btest\(\s*(['"`])(.*?)\1\s*,)re");
  std::set<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(root / "tests")) {
    const fs::path& path = entry.path();
    if (path.string().find("node_modules") != std::string::npos) continue;
    const bool is_cpp = path.extension() == ".cpp";
    if (!is_cpp && !path.filename().string().ends_with(".test.mjs")) continue;
    const std::string text = read(path);
    const std::string file = is_cpp ? "" : path.filename().string() + ": ";
    for (std::sregex_iterator at(text.begin(), text.end(), is_cpp ? cpp : mjs), end; at != end;
         ++at) {
      found.insert(is_cpp ? (*at)[1].str() + "." + (*at)[2].str() : file + (*at)[2].str());
    }
  }
  return found;
}

/// The last cell of each row of each table, headings and rules left out.
std::vector<std::string> last_cells(const std::string& page) {
  std::vector<std::string> cells;
  std::size_t line_start = 0;
  while (line_start < page.size()) {
    const std::size_t line_end = std::min(page.find('\n', line_start), page.size());
    const std::string line = page.substr(line_start, line_end - line_start);
    line_start = line_end + 1;
    if (!line.starts_with('|') || !line.ends_with('|') || line.starts_with("|---")) continue;
    const std::string row = line.substr(0, line.size() - 1);
    std::string cell = row.substr(row.rfind('|') + 1);
    if (cell != " held by ") cells.push_back(std::move(cell));
  }
  return cells;
}

/// What stands between backticks.
std::vector<std::string> names_in(const std::string& cell) {
  static const std::regex code("`([^`]+)`");
  std::vector<std::string> names;
  for (std::sregex_iterator at(cell.begin(), cell.end(), code), end; at != end; ++at) {
    names.push_back((*at)[1]);
  }
  return names;
}

TEST(ConformanceTableTest, EveryClauseNamesTestsThatExist) {
  const fs::path root = STAMPEDE_SOURCE_DIR;
  const std::set<std::string> tests = tests_of(root);
  const auto cells = last_cells(read(root / "docs/stomp-conformance.md"));
  EXPECT_GT(cells.size(), 100u) << "the tables were not found";
  for (const std::string& cell : cells) {
    const auto names = names_in(cell);
    EXPECT_FALSE(names.empty()) << "no test is named in:" << cell;
    for (const std::string& name : names) EXPECT_TRUE(tests.contains(name)) << name;
  }
}

TEST(ConformanceTableTest, FindsWhatItLooksFor) {
  const std::set<std::string> tests = tests_of(STAMPEDE_SOURCE_DIR);
  EXPECT_TRUE(tests.contains("ConformanceTableTest.FindsWhatItLooksFor"));
  EXPECT_TRUE(
      tests.contains("embedded.test.mjs: chat, members, history and the page from one process"));
  EXPECT_FALSE(tests.contains("ConformanceTableTest.FindsWhatNobodyWrote"));
  const auto cells = last_cells("| a | held by |\n|---|---|\n| x | `A.B`, `C.D` |\n| y | |\n");
  ASSERT_EQ(cells.size(), 2u);
  EXPECT_EQ(names_in(cells[0]), (std::vector<std::string>{"A.B", "C.D"}));
  EXPECT_TRUE(names_in(cells[1]).empty());
}

}  // namespace
