// Input: a stream. Promises: the check of whole texts, the check of cut ones and a third one, which
// decodes as RFC 3629 section 3 describes it, agree.
#include "shared/base/utf8.h"

#include "gateway/net/utf8_stream.h"
#include "tests/fuzz/finding.h"
#include "tests/fuzz/notation.h"
#include "tests/fuzz/targets.h"

namespace stampede::fuzz {
namespace {

/// Slow and plain: puts each character together, then asks whether it may be written like that.
bool decodes(std::string_view text) {
  while (!text.empty()) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t bytes = lead < 0x80           ? 1
                              : (lead >> 5) == 0x06 ? 2
                              : (lead >> 4) == 0x0e ? 3
                              : (lead >> 3) == 0x1e ? 4
                                                    : 0;
    if (bytes == 0 || text.size() < bytes) return false;
    std::uint32_t character = bytes == 1 ? lead : lead & (0x7fu >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) {
      const auto next = static_cast<unsigned char>(text[i]);
      if ((next & 0xc0) != 0x80) return false;
      character = character << 6 | (next & 0x3fu);
    }
    const std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (character < least[bytes] || character > 0x10ffff) return false;
    if (character >= 0xd800 && character <= 0xdfff) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

}  // namespace

void utf8(std::string_view input) {
  const Stream stream = parse_stream(input);
  const std::string whole = stream.whole();
  const bool expected = decodes(whole);
  require(is_utf8(whole) == expected, "is_utf8 agrees with the decoding");

  gateway::Utf8Stream in_pieces;
  bool fits = true;
  for (const std::string& piece : stream.pieces) fits = fits && in_pieces.feed(piece);
  require((fits && in_pieces.complete()) == expected, "cuts change nothing");

  gateway::Utf8Stream by_byte;
  fits = true;
  for (const char& byte : whole) fits = fits && by_byte.feed({&byte, 1});
  require((fits && by_byte.complete()) == expected, "single bytes change nothing");
}

}  // namespace stampede::fuzz
