// Takes a user's or a token's permission back, everywhere. Not a matter of rooms and rights:
// whoever has the administrator's key may.
#include "storage-worker/api/revocations.h"

#include <string>

#include <rapidjson/document.h>

#include "storage-worker/api/problem.h"

namespace stampede::worker {
namespace {

constexpr const char* kAllowed =
    "the body is a JSON object with one member: \"user\", a user's name, or \"token\", a token's "
    "jti";

Error wrong(const std::string& what) { return {Errc::kInvalidArgument, what + "; " + kAllowed}; }

Result<Revocation> parse_revocation(const std::string& body) {
  rapidjson::Document json;
  // Iterative: nesting must not cost stack.
  json.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(body.data(),
                                                                                     body.size());
  if (json.HasParseError() || !json.IsObject()) return wrong("this is no such object");
  if (json.MemberCount() != 1) {
    return wrong("it has " + std::to_string(json.MemberCount()) + " members");
  }
  const auto& member = *json.MemberBegin();
  const std::string name(member.name.GetString(), member.name.GetStringLength());
  if (!member.value.IsString()) return wrong("the member is no text");
  const std::string value(member.value.GetString(), member.value.GetStringLength());
  Revocation revocation;
  if (name == "user") {
    auto user = parse_user_id(value);
    if (!user) return Error(Errc::kInvalidArgument, "user: " + user.error().detail);
    revocation.user = *std::move(user);
  } else if (name == "token") {
    if (value.empty() || value.size() > kMaxTokenIdBytes) {
      return Error(Errc::kInvalidArgument, "token: it has " + std::to_string(value.size()) +
                                               " bytes; allowed are 1 to " +
                                               std::to_string(kMaxTokenIdBytes));
    }
    revocation.token_id = value;
  } else {
    return wrong("the member has another name");
  }
  return revocation;
}

}  // namespace

void serve_revocation(const ApiPorts& ports, http::Request request,
                      const http::Responder& responder) {
  const auto admin = ports.admission.authorize_admin(request.header("Authorization").value_or(""));
  if (!admin) return responder(problem(request, admin.error()));
  auto revocation = parse_revocation(request.body);
  if (!revocation) return responder(problem(request, revocation.error()));
  ports.revocations.revoke(
      *std::move(revocation),
      {ports.on, [request = std::move(request), responder](const Result<void>& revoked) {
         if (!revoked) {
           return responder(server_problem(request, revoked.error(), "the list of revocations"));
         }
         http::Response done;
         done.status = 204;
         responder(std::move(done));
       }});
}

}  // namespace stampede::worker
