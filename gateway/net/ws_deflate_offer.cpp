#include "gateway/net/ws_deflate_offer.h"

#include <boost/beast/core/string.hpp>

namespace stampede::gateway {
namespace {

constexpr int kMostWindowBits = 15;

bool same(std::string_view a, std::string_view b) { return boost::beast::iequals(a, b); }

/// "8" to "15", nothing else (RFC 7692 section 7.1.2.1).
std::optional<int> parse_window_bits(std::string_view text) {
  for (int bits = 8; bits <= kMostWindowBits; ++bits) {
    if (text == std::to_string(bits)) return bits;
  }
  return std::nullopt;
}

bool has_repeated_parameter(const WsExtension& offer) {
  for (std::size_t i = 0; i < offer.parameters.size(); ++i) {
    for (std::size_t k = i + 1; k < offer.parameters.size(); ++k) {
      if (same(offer.parameters[i].name, offer.parameters[k].name)) return true;
    }
  }
  return false;
}

/// False when the offer must be declined because of it.
bool take(const WsExtension::Parameter& parameter, WsDeflateAgreement& agreement) {
  if (same(parameter.name, "server_no_context_takeover") ||
      same(parameter.name, "client_no_context_takeover")) {
    return !parameter.value;
  }
  if (same(parameter.name, "server_max_window_bits")) {
    agreement.server_window_bits = parse_window_bits(parameter.value.value_or(""));
    return agreement.server_window_bits.has_value();
  }
  if (same(parameter.name, "client_max_window_bits")) {
    // Any window can be inflated here, so the client keeps the choice.
    return !parameter.value || parse_window_bits(*parameter.value).has_value();
  }
  return false;
}

std::optional<WsDeflateAgreement> accept(const WsExtension& offer) {
  // Also keeps an offer of endless parameters from being compared with itself: there are four.
  if (offer.parameters.size() > 4 || has_repeated_parameter(offer)) return std::nullopt;
  WsDeflateAgreement agreement;
  for (const WsExtension::Parameter& parameter : offer.parameters) {
    if (!take(parameter, agreement)) return std::nullopt;
  }
  return agreement;
}

}  // namespace

std::string WsDeflateAgreement::header() const {
  std::string out = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  if (server_window_bits) {
    out += "; server_max_window_bits=" + std::to_string(*server_window_bits);
  }
  return out;
}

std::optional<WsDeflateAgreement> agree_on_deflate(std::span<const WsExtension> offers) {
  for (const WsExtension& offer : offers) {
    if (!same(offer.name, "permessage-deflate")) continue;
    if (auto agreement = accept(offer)) return agreement;
  }
  return std::nullopt;
}

}  // namespace stampede::gateway
