#include "shared/auth/crypto.h"

#include <sodium.h>

#include <array>
#include <stdexcept>

namespace stampede::auth {
namespace {

std::optional<std::string> decode(std::string_view text, int variant) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                        text.size(), nullptr, &size, &end, variant) != 0 ||
      end != text.data() + text.size()) {
    return std::nullopt;
  }
  bytes.resize(size);
  return bytes;
}

using ProcessKey = std::array<unsigned char, crypto_generichash_KEYBYTES>;

const ProcessKey& process_key() {
  static const ProcessKey key = [] {
    start_crypto();
    ProcessKey drawn{};
    randombytes_buf(drawn.data(), drawn.size());
    return drawn;
  }();
  return key;
}

}  // namespace

void start_crypto() {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot draw random numbers");
}

std::optional<std::string> decode_base64url(std::string_view text) {
  return decode(text, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

std::optional<std::string> decode_base64(std::string_view text) {
  return decode(text, sodium_base64_VARIANT_ORIGINAL);
}

std::string fingerprint(std::string_view text) {
  const ProcessKey& key = process_key();
  std::string out(crypto_generichash_BYTES_MIN, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(out.data()), out.size(),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size(), key.data(),
                     key.size());
  return out;
}

bool same_secret(std::string_view a, std::string_view b) {
  return fingerprint(a) == fingerprint(b);
}

}  // namespace stampede::auth
