// PostgreSQL's error classes (documentation, appendix A), sorted by what a retry can do about them.
#include "shared/adapters/postgres/sqlstate.h"

#include <algorithm>
#include <array>

namespace stampede::postgres {

bool blames_row(std::string_view sqlstate) noexcept {
  // cardinality, data, integrity, with-check option, program limit, raised by a trigger
  static constexpr std::array<std::string_view, 6> kClasses{"21", "22", "23", "44", "54", "P0"};
  return sqlstate.size() == 5 &&
         std::find(kClasses.begin(), kClasses.end(), sqlstate.substr(0, 2)) != kClasses.end();
}

}  // namespace stampede::postgres
