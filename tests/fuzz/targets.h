#pragma once

#include <string_view>

namespace stampede::fuzz {

/// Each takes one input and throws `Finding` when a promise is broken. The file of its name says
/// what the input looks like and which promises these are; seeds are in corpus/<name>/.
void stomp_decoder(std::string_view input);
void ws_decoder(std::string_view input);
void utf8(std::string_view input);
void session(std::string_view input);
void wire(std::string_view input);
void query(std::string_view input);
void jwt(std::string_view input);
void jwks(std::string_view input);
void users_file(std::string_view input);

}  // namespace stampede::fuzz
