#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/error.h"

namespace stampede {

/// An IPv4 or IPv6 address. "::ffff:192.0.2.1" is the IPv4 address that it stands for: what a
/// socket that takes both kinds calls a peer is not another address.
class IpAddress {
 public:
  using Bytes = std::array<std::uint8_t, 16>;

  /// The text forms of RFC 4291 and RFC 1123, without brackets, port or zone.
  static std::optional<IpAddress> parse(std::string_view text);
  /// In network order.
  static IpAddress of_v4(const std::array<std::uint8_t, 4>& bytes) noexcept;
  static IpAddress of_v6(const Bytes& bytes) noexcept;

  [[nodiscard]] bool is_v4() const noexcept;
  [[nodiscard]] std::string text() const;
  /// An IPv4 address with ::ffff: before it.
  [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }

  /// With everything behind the first `bits` of `bytes` set to 0.
  [[nodiscard]] IpAddress prefix(std::size_t bits) const noexcept;

  friend bool operator==(const IpAddress&, const IpAddress&) = default;
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  Bytes bytes_{};
};

/// "10.0.0.0/8", "2001:db8::/32", or one address.
class IpNetwork {
 public:
  /// kInvalidArgument says what is allowed.
  static Result<IpNetwork> parse(std::string_view text);

  [[nodiscard]] bool contains(const IpAddress& address) const noexcept {
    return address.prefix(bits_) == base_;
  }
  [[nodiscard]] std::string text() const;

  friend bool operator==(const IpNetwork&, const IpNetwork&) = default;

 private:
  IpAddress base_;
  std::size_t bits_ = 128;  ///< of the 128; an IPv4 prefix has 96 more
};

}  // namespace stampede
