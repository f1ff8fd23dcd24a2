#pragma once

#include <string_view>

namespace stampede {

/// The project's version as CMakeLists.txt has it, "0.1.0".
std::string_view version() noexcept;

}  // namespace stampede
