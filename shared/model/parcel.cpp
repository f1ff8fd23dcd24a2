// Lengths of fixed size rather than varints: a length is known only behind what it is the length
// of.
#include "shared/model/parcel.h"

#include <utility>

#include "shared/model/wire.h"

namespace stampede {
namespace {

constexpr std::size_t kLengthBytes = 4;

Error broken(const std::string& why) { return {Errc::kProtocol, "parcel: " + why}; }

std::string length_of(std::size_t bytes) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(bytes >> shift & 0xff);
  return out;
}

std::size_t length_at(std::string_view bytes) {
  std::size_t out = 0;
  for (const char c : bytes.substr(0, kLengthBytes)) out = out << 8 | static_cast<unsigned char>(c);
  return out;
}

}  // namespace

bool ParcelWriter::has_room(const Message& message) const {
  if (messages_ == 0) return true;
  const std::size_t wrapping = kLengthBytes + (messages_ == 1 ? 1 + kLengthBytes : 0);
  return messages_ < kMaxParcelMessages &&
         bytes_.size() + wrapping + encoded_size(message) <= kMaxParcelBytes;
}

void ParcelWriter::add(const Message& message) {
  const std::size_t size = encoded_size(message);
  if (messages_ == 0) bytes_.reserve(size);
  if (messages_ == 1) bytes_.insert(0, kParcelWireVersion + length_of(bytes_.size()));
  if (messages_ > 0) bytes_ += length_of(size);
  ++messages_;
  append_message(bytes_, message);
}

std::string ParcelWriter::take() {
  messages_ = 0;
  return std::exchange(bytes_, {});
}

Result<std::vector<std::string_view>> open_parcel(std::string_view payload) {
  if (payload.empty() || payload[0] != kParcelWireVersion) return std::vector{payload};
  std::vector<std::string_view> out;
  payload.remove_prefix(1);
  while (!payload.empty()) {
    if (out.size() == kMaxParcelMessages) {
      return broken("more than " + std::to_string(kMaxParcelMessages) + " messages");
    }
    if (payload.size() < kLengthBytes) return broken("it ends inside a length");
    const std::size_t length = length_at(payload);
    payload.remove_prefix(kLengthBytes);
    if (payload.size() < length) return broken("it ends inside a message");
    out.push_back(payload.substr(0, length));
    payload.remove_prefix(length);
  }
  if (out.empty()) return broken("no message in it");
  return out;
}

}  // namespace stampede
