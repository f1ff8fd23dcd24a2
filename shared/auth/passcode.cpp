// libsodium's choice of argon2id and its string form, which other tools write too. The cost is in
// the string, so a users file could ask for any: what is more than a login may cost is refused when
// the file is read, not when somebody logs in.
#include "shared/auth/passcode.h"

#include <sodium.h>

#include <charconv>
#include <optional>

#include "shared/auth/crypto.h"

namespace stampede::auth {
namespace {

constexpr unsigned kMaxMemoryKib = 256 * 1024;
constexpr unsigned kMaxPasses = 10;

Error bad(std::string text) { return {Errc::kInvalidArgument, std::move(text)}; }

/// The number behind `name` in "$argon2id$v=19$m=65536,t=2,p=1$…".
std::optional<unsigned> parameter(std::string_view hash, std::string_view name) {
  const std::size_t at = hash.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  unsigned value = 0;
  const char* const from = hash.data() + at + name.size();
  const auto [end, failure] = std::from_chars(from, hash.data() + hash.size(), value);
  if (failure != std::errc()) return std::nullopt;
  return value;
}

}  // namespace

Result<std::string> hash_passcode(std::string_view passcode) {
  if (passcode.empty()) return bad("the passcode is empty");
  if (passcode.size() > kMaxPasscodeBytes) {
    return bad("the passcode is longer than " + std::to_string(kMaxPasscodeBytes) + " bytes");
  }
  start_crypto();
  char hash[crypto_pwhash_STRBYTES];
  if (crypto_pwhash_str(hash, passcode.data(), passcode.size(),
                        crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
                        crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE) != 0) {
    return Error(Errc::kInternal, "not enough memory to hash a passcode: it takes 64 MiB");
  }
  return std::string(hash);
}

Result<void> check_hash(std::string_view hash) {
  if (!hash.starts_with(crypto_pwhash_argon2id_STRPREFIX)) {
    return bad("the hash is not argon2id; make one with stampede-gateway hash-password");
  }
  const std::string text(hash);
  start_crypto();
  if (hash.size() >= crypto_pwhash_STRBYTES ||
      crypto_pwhash_argon2id_str_needs_rehash(text.c_str(),
                                              crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
                                              crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE) < 0) {
    return bad("the argon2id hash is damaged or cut off");
  }
  const auto memory = parameter(hash, "$m=");
  const auto passes = parameter(hash, ",t=");
  if (!memory || !passes || *memory > kMaxMemoryKib || *passes > kMaxPasses) {
    return bad("the hash costs more than a login may: at most m=" + std::to_string(kMaxMemoryKib) +
               " (KiB) and t=" + std::to_string(kMaxPasses));
  }
  return {};
}

bool passcode_fits(const std::string& hash, std::string_view passcode) {
  start_crypto();
  return crypto_pwhash_argon2id_str_verify(hash.c_str(), passcode.data(), passcode.size()) == 0;
}

}  // namespace stampede::auth
