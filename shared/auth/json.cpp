#include "shared/auth/json.h"

#include <rapidjson/error/en.h>

#include <set>
#include <string>

namespace stampede::auth {

Result<rapidjson::Document> parse_json_object(std::string_view text) {
  // RapidJSON takes a NUL for the end, whatever comes behind it.
  if (text.find('\0') != std::string_view::npos) {
    return Error(Errc::kInvalidArgument, "not JSON: there is a NUL byte");
  }
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(
      text.data(), text.size());
  if (document.HasParseError()) {
    return Error(Errc::kInvalidArgument,
                 "not JSON: " + std::string(rapidjson::GetParseError_En(document.GetParseError())) +
                     " (byte " + std::to_string(document.GetErrorOffset()) + ")");
  }
  if (!document.IsObject()) return Error(Errc::kInvalidArgument, "not a JSON object");
  std::set<std::string_view> names;
  for (const auto& member : document.GetObject()) {
    if (!names.insert(text_of(member.name)).second) {
      return Error(Errc::kInvalidArgument, "a member is there twice");
    }
  }
  return document;
}

}  // namespace stampede::auth
