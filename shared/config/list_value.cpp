// Values that are lists: one text, separated by commas, each item judged by itself.
#include "shared/config/list_value.h"

#include <algorithm>
#include <utility>

namespace stampede::config {
namespace {

Error bad(std::string text) { return {Errc::kInvalidArgument, std::move(text)}; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// Names the item that is wrong, because the whole text may be long.
template <class Item>
Result<std::vector<Item>> split(std::string_view text, Result<Item> (*check)(std::string_view)) {
  std::vector<Item> items;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view item = trim(text.substr(0, comma));
    auto checked = item.empty() ? Result<Item>(bad("it is empty")) : check(item);
    if (!checked) {
      return bad("entry " + std::to_string(items.size() + 1) + ": " + checked.error().detail);
    }
    items.push_back(*std::move(checked));
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

std::string shown(const std::string& item) { return item; }
std::string shown(const IpNetwork& item) { return item.text(); }
std::string shown(const RoomPattern& item) { return item.str(); }

bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' ||
         c == ':' || c == '[' || c == ']';
}

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), is_host_char);
}

Result<std::string> check_origin(std::string_view text) {
  const std::string origin = lower(text);
  if (origin == "*" || origin == "null") return origin;
  const std::size_t colons = origin.find("://");
  const std::string_view scheme = std::string_view(origin).substr(0, std::min(colons, text.size()));
  if (colons == std::string::npos || (scheme != "http" && scheme != "https")) {
    return bad("an origin begins with http:// or https://, or is * for all");
  }
  const std::string_view host = std::string_view(origin).substr(colons + 3);
  if (!is_host(host)) {
    return bad("an origin is scheme, host and port only, without a path or a slash at its end");
  }
  if (host.ends_with(scheme == "http" ? ":80" : ":443")) {
    return bad("browsers leave the usual port out of an origin, so it must not be given");
  }
  return origin;
}

Result<std::string> check_host(std::string_view text) {
  std::string host = lower(text);
  if (!is_host(host)) return bad("allowed are host names and addresses");
  return host;
}

template <class Item>
Value list_value(std::vector<Item>& into, Result<Item> (*check)(std::string_view)) {
  Value value;
  value.parse = [&into, check](std::string_view text) -> Result<void> {
    auto items = split(text, check);
    if (!items) return items.error();
    into = *std::move(items);
    return {};
  };
  value.show = [&into] {
    std::string out;
    for (const Item& item : into) out += (out.empty() ? "" : ",") + shown(item);
    return out;
  };
  return value;
}

}  // namespace

Value origins_value(std::vector<std::string>& into) {
  Value value = list_value(into, check_origin);
  value.unit = "ORIGINS";
  value.allowed = "like https://chat.example,http://localhost:3000, or *";
  return value;
}

Value networks_value(std::vector<IpNetwork>& into) {
  Value value = list_value(into, IpNetwork::parse);
  value.unit = "NETWORKS";
  value.allowed = "like 127.0.0.1,10.0.0.0/8,2001:db8::/32";
  return value;
}

Value rooms_value(std::vector<RoomPattern>& into) {
  Value value = list_value(into, RoomPattern::parse);
  value.unit = "ROOMS";
  value.allowed = "like orders.*,audit";
  return value;
}

Value hosts_value(std::vector<std::string>& into) {
  Value value = list_value(into, check_host);
  value.unit = "HOSTS";
  value.allowed = "like chat.example,localhost";
  return value;
}

}  // namespace stampede::config
