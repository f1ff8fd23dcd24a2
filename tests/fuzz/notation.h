#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stampede::fuzz {

/// How an input says bytes, so that every seed is a text file that can be read and edited:
///
///     ^@         NUL                        ^2f        the byte 0x2f (two hexadecimal digits)
///     ^^         a caret                    ^| and ^   (at the end of a line): see below
///     ^#…        a comment, up to and with the end of the line
///
/// `^|` is a cut: what stands before and behind it arrives in different reads. A caret at the end
/// of a line joins it with the next. Everything else stands for itself, a caret before it included.
struct Stream {
  std::vector<std::string> pieces;  ///< at least one, perhaps empty

  [[nodiscard]] std::string whole() const;
};

Stream parse_stream(std::string_view text);

/// The first line of `input`, which is taken off it.
std::string_view take_line(std::string_view& input);
/// The first word of `line`, which is taken off it; words stand apart by one space.
std::string_view take_word(std::string_view& line);

}  // namespace stampede::fuzz
