#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "shared/base/error.h"
#include "shared/base/ids.h"

namespace stampede::gateway {

/// What a subscription wants to get before it is live. At most one of both.
struct Replay {
  std::optional<Seq> since;  ///< everything after that position
  std::size_t newest = 0;    ///< the newest so many messages

  [[nodiscard]] bool asked() const noexcept { return since.has_value() || newest > 0; }
};

/// From where on a subscription is live.
struct Started {
  Seq position = kNoSeq;  ///< everything after it arrives as it happens
  bool recovered = true;  ///< everything of the replay was there
  Seq oldest = kNoSeq;    ///< the first message replayed, when not recovered; kNoSeq: none was
};

/// Or why the subscription could not be made.
using Live = std::function<void(Result<Started>)>;

}  // namespace stampede::gateway
