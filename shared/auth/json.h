#pragma once

#include <string_view>

#include <rapidjson/document.h>

#include "shared/base/error.h"

namespace stampede::auth {

/// A JSON object (UTF-8) of foreign make. No depth of nesting costs stack. kInvalidArgument says
/// where it stops being JSON, that it is no object, or which of its members is there twice: readers
/// disagree about which of two counts.
Result<rapidjson::Document> parse_json_object(std::string_view text);

/// Null when there is none.
inline const rapidjson::Value* find_member(const rapidjson::Value& object, const char* name) {
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

inline std::string_view text_of(const rapidjson::Value& string) {
  return {string.GetString(), string.GetStringLength()};
}

}  // namespace stampede::auth
