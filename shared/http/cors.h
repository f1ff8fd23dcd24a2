#pragma once

#include <optional>
#include <string_view>

#include "shared/http/message.h"

namespace stampede::http {

/// Cross-origin reading (the Fetch standard, "CORS protocol"): what a browser needs to hear before
/// it shows an answer to a page of another origin. Whether the page may is the caller's to judge.
/// Credentials go in `Authorization`, which the page itself sets; cookies are never asked for.

/// The answer to a preflight from `origin`; nullopt when `request` is none.
std::optional<Response> preflight_answer(const Request& request, std::string_view origin);

/// Lets pages of `origin` read `response`.
void share_with(std::string_view origin, Response& response);

}  // namespace stampede::http
