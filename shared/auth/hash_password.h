#pragma once

#include <cstdio>

namespace stampede::auth {

/// The command `hash-password`: reads a passcode from `in`, twice and without echo when that is a
/// terminal, else one line, and prints its hash for a users file. Prompts and problems go to
/// `prompts`. Returns the status to exit with. Blocks; at most one at a time in a process.
int hash_password(int in, std::FILE* out, std::FILE* prompts);

}  // namespace stampede::auth
