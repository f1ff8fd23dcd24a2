#include "shared/base/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>

namespace stampede {
namespace {

constexpr IpAddress::Bytes kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t kMappedBytes = 12;
constexpr std::size_t kMappedBits = 8 * kMappedBytes;

Error bad(std::string_view what) {
  return {Errc::kInvalidArgument,
          std::string(what) +
              "; allowed are addresses and networks, like 192.0.2.1, 10.0.0.0/8, "
              "2001:db8::/32"};
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string copy(text);  // inet_pton wants its NUL
  Bytes v6{};
  if (::inet_pton(AF_INET6, copy.c_str(), v6.data()) == 1) return of_v6(v6);
  std::array<std::uint8_t, 4> v4{};
  if (::inet_pton(AF_INET, copy.c_str(), v4.data()) != 1) return std::nullopt;
  return of_v4(v4);
}

IpAddress IpAddress::of_v4(const std::array<std::uint8_t, 4>& bytes) noexcept {
  IpAddress address;
  address.bytes_ = kMapped;
  std::copy(bytes.begin(), bytes.end(), address.bytes_.begin() + kMappedBytes);
  return address;
}

IpAddress IpAddress::of_v6(const Bytes& bytes) noexcept {
  IpAddress address;
  address.bytes_ = bytes;
  return address;
}

bool IpAddress::is_v4() const noexcept {
  return std::equal(kMapped.begin(), kMapped.begin() + kMappedBytes, bytes_.begin());
}

std::string IpAddress::text() const {
  char out[INET6_ADDRSTRLEN] = {};
  const bool v4 = is_v4();
  ::inet_ntop(v4 ? AF_INET : AF_INET6, bytes_.data() + (v4 ? kMappedBytes : 0), out, sizeof out);
  return out;
}

IpAddress IpAddress::prefix(std::size_t bits) const noexcept {
  IpAddress out = *this;
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    const std::size_t kept = std::clamp<std::size_t>(bits, 8 * i, 8 * i + 8) - 8 * i;
    out.bytes_[i] = static_cast<std::uint8_t>(bytes_[i] & (0xff00u >> kept));
  }
  return out;
}

Result<IpNetwork> IpNetwork::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return bad("what it names is not an IP address");
  IpNetwork network;
  network.base_ = *address;
  if (slash == std::string_view::npos) return network;
  const std::string_view digits = text.substr(slash + 1);
  const std::size_t most = address->is_v4() ? 32 : 128;
  std::size_t length = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (failure != std::errc() || end != digits.data() + digits.size() || length > most) {
    return bad("the length of its prefix is not a number from 0 to " + std::to_string(most));
  }
  network.bits_ = length + (address->is_v4() ? kMappedBits : 0);
  if (address->prefix(network.bits_) != *address) {
    return bad("the address has bits set behind its prefix");
  }
  return network;
}

std::string IpNetwork::text() const {
  if (bits_ == 128) return base_.text();
  return base_.text() + "/" + std::to_string(bits_ - (base_.is_v4() ? kMappedBits : 0));
}

}  // namespace stampede
