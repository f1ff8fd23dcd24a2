#include "shared/http/static_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <optional>

namespace stampede::test {
namespace {

namespace fs = std::filesystem;
using http::Request;
using http::Responder;
using http::Response;
using http::StaticFiles;
using ::testing::HasSubstr;

class StaticFilesTest : public ::testing::Test {
 protected:
  StaticFilesTest() {
    std::string pattern = fs::temp_directory_path() / "stampede-static-XXXXXX";
    base_ = ::mkdtemp(pattern.data());
    root_ = base_ / "web";
    write("web/index.html", "<p>index</p>");
    write("web/app.js", "let a");
    write("web/sub/index.html", "<p>sub</p>");
    write("web/.secret.txt", "hidden");
    write("web/.git/config.txt", "hidden");
    write("web/tool.exe", "binary");
    write("outside.txt", "outside");
    fs::create_symlink(base_ / "outside.txt", root_ / "link.txt");
    fs::create_directory_symlink(base_, root_ / "up");
    fs::create_symlink(root_ / "app.js", root_ / "same.js");
    router_.fallback(StaticFiles::load(root_).value().handler());
  }
  ~StaticFilesTest() override { fs::remove_all(base_); }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((base_ / name).parent_path());
    std::ofstream(base_ / name) << text;
  }

  Response get(const std::string& target, http::Pairs headers = {}, std::string method = "GET") {
    std::optional<Response> answer;
    Request request;
    request.method = std::move(method);
    request.target = target;
    request.headers = std::move(headers);
    router_.dispatch(std::move(request), Responder([&](Response r) { answer = std::move(r); }));
    return answer.value();
  }

  static std::string header(const Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return {};
  }

  fs::path base_;
  fs::path root_;
  http::Router router_;
};

TEST_F(StaticFilesTest, ServesFilesAndIndexes) {
  EXPECT_EQ(get("/").body, "<p>index</p>");
  EXPECT_EQ(get("/").content_type, "text/html; charset=utf-8");
  EXPECT_EQ(get("/sub/").body, "<p>sub</p>");
  EXPECT_EQ(get("/app.js?v=1").body, "let a");
  EXPECT_EQ(get("/app.js").content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(get("/same.js").body, "let a");
}

TEST_F(StaticFilesTest, ServesNothingFromOutside) {
  for (const std::string target :
       {"/../outside.txt", "/%2e%2e/outside.txt", "/..%2foutside.txt", "/sub/../../outside.txt",
        "/link.txt", "/up/outside.txt", "/.secret.txt", "/.git/config.txt", "/tool.exe", "/sub",
        "//app.js", "/app.js/", "/..\\outside.txt", "/index.html%00.js"}) {
    const Response response = get(target);
    EXPECT_THAT(response.status, ::testing::AnyOf(400, 404)) << target;
    EXPECT_THAT(response.body, ::testing::Not(HasSubstr("hidden"))) << target;
  }
}

TEST_F(StaticFilesTest, RevalidatesByTag) {
  const std::string etag = header(get("/app.js"), "ETag");
  ASSERT_FALSE(etag.empty());
  for (const std::string& list : {etag, "W/" + etag, "\"x\", " + etag, std::string("*")}) {
    const Response response = get("/app.js", {{"if-none-match", list}});
    EXPECT_EQ(response.status, 304) << list;
    EXPECT_EQ(response.body, "");
    EXPECT_EQ(header(response, "ETag"), etag);
  }
  EXPECT_EQ(get("/app.js", {{"If-None-Match", "\"x\""}}).status, 200);
  EXPECT_NE(header(get("/"), "ETag"), etag);
}

TEST_F(StaticFilesTest, TellsBrowsersWhatMayRun) {
  for (const std::string target : {"/", "/nothing"}) {
    const Response response = get(target);
    EXPECT_THAT(header(response, "Content-Security-Policy"), HasSubstr("default-src 'self'"));
    EXPECT_EQ(header(response, "X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(header(response, "Referrer-Policy"), "no-referrer");
  }
}

TEST_F(StaticFilesTest, AllowsReadingOnly) {
  const Response response = get("/", {}, "POST");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(header(response, "Allow"), "GET, HEAD");
}

TEST_F(StaticFilesTest, SaysWhyADirectoryCannotBeServed) {
  const auto missing = StaticFiles::load(base_ / "nowhere");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().detail, HasSubstr("nowhere"));
  EXPECT_THAT(StaticFiles::load(base_ / "web/.git").error().detail, HasSubstr("no index.html"));
}

}  // namespace
}  // namespace stampede::test
