#include "shared/sockets/address_budget.h"

#include <algorithm>
#include <functional>

namespace stampede::sockets {
namespace {

IpAddress key_of(const IpAddress& address) noexcept {
  return address.is_v4() ? address : address.prefix(64);
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

/// "192.0.2.1", "192.0.2.1:5000", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:5000"
std::optional<IpAddress> parse_hop(std::string_view text) {
  if (text.starts_with('[')) return IpAddress::parse(text.substr(1, text.find(']') - 1));
  const std::size_t colon = text.find(':');
  const bool has_port = colon != std::string_view::npos && colon == text.rfind(':');
  return IpAddress::parse(has_port ? text.substr(0, colon) : text);
}

}  // namespace

std::optional<AddressBudget::Lease> AddressBudget::take(const IpAddress& peer) {
  if (max_ == 0 || is_proxy(peer)) return Lease();
  const IpAddress key = key_of(peer);
  Part& part = part_of(key);
  const std::lock_guard lock(part.mutex);
  std::size_t& held = part.held[key];
  if (held >= max_) return std::nullopt;
  ++held;
  return Lease(*this, key);
}

void AddressBudget::give_back(const IpAddress& key) noexcept {
  Part& part = part_of(key);
  const std::lock_guard lock(part.mutex);
  const auto entry = part.held.find(key);
  if (entry != part.held.end() && --entry->second == 0) part.held.erase(entry);
}

std::optional<IpAddress> AddressBudget::forwarded_for(const IpAddress& peer,
                                                      std::string_view forwarded) const {
  if (!is_proxy(peer)) return std::nullopt;
  std::optional<IpAddress> client;
  while (!forwarded.empty()) {
    const std::size_t comma = forwarded.rfind(',');
    const bool last = comma == std::string_view::npos;
    const auto hop = parse_hop(trim(last ? forwarded : forwarded.substr(comma + 1)));
    if (!hop) break;
    client = hop;
    if (!is_proxy(*hop) || last) break;
    forwarded = forwarded.substr(0, comma);
  }
  return client;
}

std::size_t AddressBudget::held(const IpAddress& address) const {
  const IpAddress key = key_of(address);
  const Part& part = part_of(key);
  const std::lock_guard lock(part.mutex);
  const auto entry = part.held.find(key);
  return entry == part.held.end() ? 0 : entry->second;
}

bool AddressBudget::is_proxy(const IpAddress& address) const noexcept {
  return std::any_of(proxies_.begin(), proxies_.end(),
                     [&](const IpNetwork& network) { return network.contains(address); });
}

const AddressBudget::Part& AddressBudget::part_of(const IpAddress& key) const noexcept {
  const auto& bytes = key.bytes();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return parts_[std::hash<std::string_view>{}(text) % parts_.size()];
}

}  // namespace stampede::sockets
