// Addresses, not names: what a program listens on should not depend on a resolver.
#include "shared/config/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>

namespace stampede::config {
namespace {

bool is_v4(const std::string& address, in_addr* parsed) {
  return ::inet_pton(AF_INET, address.c_str(), parsed) == 1;
}

bool is_v6(const std::string& address, in6_addr* parsed) {
  return ::inet_pton(AF_INET6, address.c_str(), parsed) == 1;
}

Error bad(std::string text) { return {Errc::kInvalidArgument, std::move(text)}; }

}  // namespace

bool Endpoint::loopback() const {
  in_addr v4{};
  if (is_v4(address, &v4)) return (ntohl(v4.s_addr) >> 24U) == 127;
  in6_addr v6{};
  return is_v6(address, &v6) && IN6_IS_ADDR_LOOPBACK(&v6);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return bad("it has no port; allowed is ADDRESS:PORT, like 127.0.0.1:8080");
  }
  const std::string_view digits = text.substr(colon + 1);
  std::string_view host = text.substr(0, colon);
  Endpoint endpoint;
  const auto [end, failure] =
      std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
  if (failure != std::errc() || end != digits.data() + digits.size()) {
    return bad("its port is not a number from 0 to 65535");
  }
  if (host.empty()) {
    return bad("it has no address; say 127.0.0.1:" + std::string(digits) +
               " for this machine only or 0.0.0.0:" + std::string(digits) +
               " for every network it is on");
  }
  in_addr v4{};
  in6_addr v6{};
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    endpoint.address = host.substr(1, host.size() - 2);
    if (is_v6(endpoint.address, &v6)) return endpoint;
    return bad("what stands in brackets is not an IPv6 address");
  }
  endpoint.address = host == "localhost" ? "127.0.0.1" : std::string(host);
  if (is_v4(endpoint.address, &v4)) return endpoint;
  if (is_v6(endpoint.address, &v6))
    return bad("an IPv6 address stands in brackets, like [::1]:8080");
  return bad("it needs an IP address, not a host name (but for localhost), like 127.0.0.1:8080");
}

std::string to_string(const Endpoint& endpoint) {
  const bool v6 = endpoint.address.find(':') != std::string::npos;
  return (v6 ? "[" + endpoint.address + "]" : endpoint.address) + ":" +
         std::to_string(endpoint.port);
}

}  // namespace stampede::config
