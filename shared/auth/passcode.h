#pragma once

#include <string>
#include <string_view>

#include "shared/base/error.h"

namespace stampede::auth {

/// Longest passcode that is taken, in bytes.
inline constexpr std::size_t kMaxPasscodeBytes = 1024;

/// An argon2id hash with its salt and cost, as it stands in a users file: about 64 MiB and a tenth
/// of a second to make or to check. Blocks that long. kInvalidArgument: empty or too long.
Result<std::string> hash_passcode(std::string_view passcode);

/// Whether `hash` is one that `passcode_fits` can check at a cost that is bearable: at most 256 MiB
/// and 10 passes. kInvalidArgument says what is wrong.
Result<void> check_hash(std::string_view hash);

/// Blocks for as long as the hash was made to cost. Any thread.
bool passcode_fits(const std::string& hash, std::string_view passcode);

}  // namespace stampede::auth
