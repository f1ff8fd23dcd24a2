#include <algorithm>
#include <utility>

#include "shared/auth/crypto.h"
#include "shared/auth/json.h"
#include "shared/auth/key_set.h"

namespace stampede::auth {
namespace {

using rapidjson::Value;

constexpr std::size_t kMaxKeys = 100;

Error bad(std::string text) { return {Errc::kInvalidArgument, std::move(text)}; }

std::string_view text_member(const Value& object, const char* name) {
  const Value* const value = find_member(object, name);
  return value != nullptr && value->IsString() ? text_of(*value) : std::string_view();
}

Result<std::string> bytes_member(const Value& jwk, const char* name) {
  const std::string_view text = text_member(jwk, name);
  auto bytes = decode_base64url(text);
  if (text.empty() || !bytes) {
    return bad(std::string("\"") + name + "\" is missing or not base64url");
  }
  return *std::move(bytes);
}

/// What a key of this kind is used with here; nothing for kinds that are not.
std::optional<Algorithm> algorithm_of(const Value& jwk) {
  const std::string_view kind = text_member(jwk, "kty");
  if (kind == "oct") return Algorithm::kHs256;
  if (kind == "RSA") return Algorithm::kRs256;
  if (kind == "EC" && text_member(jwk, "crv") == "P-256") return Algorithm::kEs256;
  return std::nullopt;
}

/// Whether the key is meant for checking signatures by an algorithm that is taken here. An issuer
/// publishes others in the same document.
bool is_for_us(const Value& jwk) {
  const auto algorithm = algorithm_of(jwk);
  if (!algorithm) return false;
  if (const Value* const use = find_member(jwk, "use")) {
    if (!use->IsString() || text_of(*use) != "sig") return false;
  }
  if (const Value* const operations = find_member(jwk, "key_ops")) {
    if (!operations->IsArray()) return false;
    const auto allowed = operations->GetArray();
    if (std::none_of(allowed.begin(), allowed.end(),
                     [](const Value& one) { return one.IsString() && text_of(one) == "verify"; })) {
      return false;
    }
  }
  const Value* const named = find_member(jwk, "alg");
  return named == nullptr || (named->IsString() && text_of(*named) == to_string(*algorithm));
}

Result<VerificationKey> asymmetric_key(const Value& jwk, Algorithm algorithm) {
  if (find_member(jwk, "d") != nullptr) {
    return bad("it is a private key (\"d\"), which belongs to the issuer of tokens only");
  }
  const bool rsa = algorithm == Algorithm::kRs256;
  auto first = bytes_member(jwk, rsa ? "n" : "x");
  if (!first) return first.error();
  auto second = bytes_member(jwk, rsa ? "e" : "y");
  if (!second) return second.error();
  return rsa ? VerificationKey::from_rsa(*std::move(first), *std::move(second))
             : VerificationKey::from_p256(*std::move(first), *std::move(second));
}

Result<VerificationKey> parse_key(const Value& jwk) {
  const Algorithm algorithm = *algorithm_of(jwk);
  if (algorithm != Algorithm::kHs256) return asymmetric_key(jwk, algorithm);
  auto secret = bytes_member(jwk, "k");
  if (!secret) return secret.error();
  return VerificationKey::from_secret(*std::move(secret));
}

Result<std::optional<std::string>> key_id(const Value& jwk) {
  const Value* const id = find_member(jwk, "kid");
  if (id == nullptr) return std::optional<std::string>();
  if (!id->IsString()) return bad("\"kid\" is not a string");
  return std::optional<std::string>(text_of(*id));
}

}  // namespace

Result<KeySet> parse_jwks(std::string_view json) {
  auto document = parse_json_object(json);
  if (!document) return document.error();
  Value single(rapidjson::kArrayType);
  Value* keys = &single;
  if (document->HasMember("keys")) {
    keys = &(*document)["keys"];
  } else {
    single.PushBack(document->Move(), document->GetAllocator());
  }
  if (!keys->IsArray() || keys->Size() > kMaxKeys) {
    return bad("\"keys\" is no array of at most " + std::to_string(kMaxKeys) + " keys");
  }
  KeySet set;
  for (rapidjson::SizeType i = 0; i < keys->Size(); ++i) {
    const Value& jwk = (*keys)[i];
    const auto wrong = [i](const std::string& what) {
      return bad("keys[" + std::to_string(i) + "]: " + what);
    };
    if (!jwk.IsObject()) return wrong("not an object");
    if (!is_for_us(jwk)) continue;
    auto id = key_id(jwk);
    if (!id) return wrong(id.error().detail);
    const auto same_id = [&](const KeySet::Named& other) { return other.id == *id; };
    if (*id && std::any_of(set.keys_.begin(), set.keys_.end(), same_id)) {
      return wrong("its \"kid\" is that of another key");
    }
    auto key = parse_key(jwk);
    if (!key) return wrong(key.error().detail);
    set.keys_.push_back({*std::move(id), *std::move(key)});
  }
  if (set.keys_.empty()) {
    return bad("no key is for signatures by RS256, ES256 (P-256) or HS256");
  }
  return set;
}

}  // namespace stampede::auth
