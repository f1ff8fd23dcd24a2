// Input: the algorithm that is asked for on a line of its own (none is, if it is not one), then a
// key file in the notation of streams: a JWKS, PEM, or a secret.
//
// Promises: what is accepted has keys, which are for the algorithm asked for; a secret is taken
// only when it is asked for; and whatever is wrong is said in text for a log.
#include <string>

#include "shared/auth/key_set.h"
#include "shared/base/utf8.h"
#include "tests/fuzz/finding.h"
#include "tests/fuzz/notation.h"
#include "tests/fuzz/targets.h"

namespace stampede::fuzz {

void jwks(std::string_view input) {
  const std::string_view asked = take_line(input);
  const std::string_view pinned = auth::parse_algorithm(asked) ? asked : std::string_view();
  const std::string content = parse_stream(input).whole();
  const auto keys = auth::KeySet::parse(content, pinned);
  if (!keys) {
    require(keys.error().is(Errc::kInvalidArgument), "the error is kInvalidArgument");
    return require(is_utf8(keys.error().detail), "the error's text is UTF-8", keys.error().detail);
  }
  require(keys->size() > 0, "there is a key");
  const bool pem = content.find("-----BEGIN ") != std::string::npos;
  const bool json = content.find('{') != std::string::npos;
  require(pem || json || pinned == "HS256", "nothing becomes a secret by accident");
  // A token that names no key gets the only one of its algorithm, so this finds a single key.
  const auto token = auth::SignedToken::parse("eyJhbGciOiJub25lIn0.e30.");
  const auto key = keys->choose(*token);
  if (!key || pinned.empty()) return;
  require(auth::to_string(key->algorithm()) == pinned, "the key is for the algorithm asked for");
}

}  // namespace stampede::fuzz
