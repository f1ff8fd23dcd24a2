// The only file that is compiled anew when the version changes.
#include "shared/base/version.h"

namespace stampede {

std::string_view version() noexcept { return STAMPEDE_VERSION; }

}  // namespace stampede
