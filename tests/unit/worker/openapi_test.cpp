// docs/openapi.yaml against the program: the same paths, the same parameters, the same status
// codes.
#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <set>

#include "tests/unit/worker/api_fixture.h"

namespace stampede::test {
namespace {

using Names = std::set<std::string>;

struct Operation {
  Names parameters;
  Names statuses;
};

/// The document's operations. Not a YAML reader: it relies on the layout that the file has, and a
/// line out of place fails the comparison.
std::map<std::string, Operation> documented() {
  std::ifstream file(std::string(STAMPEDE_SOURCE_DIR) + "/docs/openapi.yaml");
  EXPECT_TRUE(file) << "docs/openapi.yaml cannot be read";
  std::map<std::string, Operation> operations;
  std::string path;
  Operation* current = nullptr;
  for (std::string line; std::getline(file, line) && line != "components:";) {
    const auto value_after = [&](const std::string& start) {
      return line.starts_with(start) ? line.substr(start.size()) : std::string();
    };
    if (line.starts_with("  /") && line.ends_with(":")) {
      path = line.substr(2, line.size() - 3);
    } else if (line == "    get:") {
      current = &operations["GET " + path];
    } else if (line == "    post:") {
      current = &operations["POST " + path];
    } else if (const auto name = value_after("        - $ref: '#/components/parameters/");
               !name.empty() && current != nullptr) {
      current->parameters.insert(name.substr(0, name.size() - 1));
    } else if (const auto status = value_after("        '");
               !status.empty() && current != nullptr) {
      current->statuses.insert(status.substr(0, 3));
    }
  }
  return operations;
}

class OpenApiTest : public ApiFixture {
 protected:
  http::Response get(const std::string& target) { return ask("GET", target); }
  static std::string with_room(std::string pattern, const std::string& room) {
    const auto at = pattern.find("{room}");
    return at == std::string::npos ? pattern : pattern.replace(at, 6, room);
  }
  /// Asks in every way that an operation can be asked, and gathers how it answers.
  Names observed_statuses(const std::string& operation) {
    return operation == "POST /api/v1/revocations" ? observed_revocations()
                                                   : observed_reads(operation.substr(4));
  }
  Names observed_revocations() {
    Names seen;
    const auto note = [&](const std::string& body, const std::string& key) {
      const auto answer = ask("POST", "/api/v1/revocations", {{"Authorization", key}}, body);
      seen.insert(std::to_string(answer.status));
    };
    note(R"({"user": "ann"})", auth_.admin);
    note("{}", auth_.admin);
    note(R"({"user": "ann"})", "Bearer guess");
    revocations_.answer = Error(Errc::kUnavailable, "away");
    note(R"({"user": "ann"})", auth_.admin);
    return seen;
  }
  Names observed_reads(const std::string& pattern) {
    Names seen;
    const auto note = [&](const std::string& target) {
      seen.insert(std::to_string(get(target).status));
    };
    const std::string target = with_room(pattern, "lobby");
    store_.next_page = Page{};
    directory_.next_members = std::vector<Member>{};
    note(target);
    note(target + "?nonsense=1");
    store_.next_page = Page{{delivery(1).message}, false, false};
    note(target);
    store_.next_page = Error(Errc::kUnavailable, "away");
    directory_.next_rooms = Error(Errc::kUnavailable, "away");
    directory_.next_members = Error(Errc::kUnavailable, "away");
    note(target);
    auth_.decide = [](const auth::Credentials&) { return FakeAuth::principal("ann", "none"); };
    note(target);
    auth_.decide = [](const auth::Credentials&) -> Result<auth::Principal> {
      return Error(Errc::kDenied, "wrong");
    };
    note(target);
    auth_.decide = &FakeAuth::anybody;
    return seen;
  }
  /// What the program names as allowed, and the path's own.
  Names observed_parameters(const std::string& pattern) {
    Names names;
    if (pattern.find("{room}") != std::string::npos) names.insert("room");
    const std::string refusal = get(with_room(pattern, "lobby") + "?nonsense=1").body;
    for (const std::string name : {"before", "after", "limit"}) {
      const auto allowed = refusal.find("allowed: ");
      if (allowed != std::string::npos && refusal.find(name, allowed) != std::string::npos) {
        names.insert(name);
      }
    }
    return names;
  }
};

TEST_F(OpenApiTest, DocumentsEveryRouteAndNoOther) {
  Names routed;
  for (const auto& route : router_.routes()) routed.insert(route.method + " " + route.pattern);
  Names written;
  for (const auto& [operation, details] : documented()) written.insert(operation);
  EXPECT_EQ(written, routed);
}

TEST_F(OpenApiTest, DocumentsEveryParameter) {
  for (auto [operation, details] : documented()) {
    if (details.parameters.erase("afterRoom") > 0) details.parameters.insert("after");
    const bool reads = operation.starts_with("GET ");
    EXPECT_EQ(details.parameters, reads ? observed_parameters(operation.substr(4)) : Names{})
        << operation;
  }
}

TEST_F(OpenApiTest, DocumentsEveryStatus) {
  for (const auto& [operation, details] : documented()) {
    EXPECT_EQ(details.statuses, observed_statuses(operation)) << operation;
  }
}

}  // namespace
}  // namespace stampede::test
