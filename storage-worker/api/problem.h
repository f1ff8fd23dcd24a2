#pragma once

#include <string_view>

#include "shared/base/error.h"
#include "shared/http/message.h"

namespace stampede::worker {

/// An RFC 9457 problem for one request: beside what http::problem says, `instance` is the request's
/// target and `parameter`, when given, the path or query parameter that is wrong.
http::Response problem(const http::Request& request, const Error& error,
                       std::string_view parameter = {});

/// The same with a status that no error code stands for.
http::Response problem(const http::Request& request, int status, std::string_view detail);

/// What `server` ("the message store") answered instead of data. Its own words (addresses, SQL) are
/// the operator's and stay in the log and /readyz.
http::Response server_problem(const http::Request& request, const Error& error,
                              std::string_view server);

}  // namespace stampede::worker
