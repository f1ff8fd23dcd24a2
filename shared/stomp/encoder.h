#pragma once

#include <string>
#include <string_view>

#include "shared/stomp/escape.h"
#include "shared/stomp/frame.h"

namespace stampede::stomp {

/// Builds the bytes of one frame. Headers are escaped as the version asks (1.2: `\r \n \c \\`; 1.1:
/// `\n \c \\`; 1.0 and CONNECTED: never). What cannot be said is dropped: NUL in a value and, where
/// nothing is escaped, LF. A header whose name cannot be said is left out as a whole,
/// because with another name it would be another header.
class FrameWriter {
 public:
  FrameWriter(Version version, Command command);

  FrameWriter& header(std::string_view name, std::string_view value);
  FrameWriter& header(std::string_view name, long long value);

  /// The whole frame, ending NUL LF; `content-length` is added for a non-empty body. The writer is
  /// spent afterwards.
  [[nodiscard]] std::string finish(std::string_view body = {});

 private:
  Escaping escaping_;
  std::string out_;
};

}  // namespace stampede::stomp
