#pragma once

#include <string>
#include <string_view>

#include "shared/base/error.h"
#include "shared/http/message.h"

namespace stampede::http {

/// An RFC 9457 problem document: type about:blank, the status' name as title, `detail` as a
/// sentence for a person (what was wrong, where, what is allowed).
Response problem(int status, std::string_view detail);

/// The same for an Error: its code chooses the status, its detail is the text. kUnavailable and
/// kOverloaded are 503 with Retry-After.
Response problem(const Error& error);

/// The status that stands for an error code; 500 for codes that are not ours.
int status_of(const boost::system::error_code& code) noexcept;

/// `text` as a JSON string with its quotes. Bytes that are not UTF-8 are the caller's concern.
std::string json_quoted(std::string_view text);

}  // namespace stampede::http
