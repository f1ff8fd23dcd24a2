#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace stampede::redis {

/// What must happen in one piece inside Redis. Arguments stand with each source in scripts.cpp.
enum class Script : std::size_t {
  kSequence,
  kEnter,
  kLeave,
  kUsers,
  kLease,
  kRetire,
  kMembers,
  kLive,
  kRevoke
};

inline constexpr std::array kScripts{Script::kSequence, Script::kEnter, Script::kLeave,
                                     Script::kUsers,    Script::kLease, Script::kRetire,
                                     Script::kMembers,  Script::kLive,  Script::kRevoke};

/// For metrics and messages.
std::string_view name_of(Script script) noexcept;
std::string_view source_of(Script script) noexcept;

}  // namespace stampede::redis
