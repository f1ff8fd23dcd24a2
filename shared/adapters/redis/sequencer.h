#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "shared/adapters/redis/context.h"

namespace stampede::redis {

/// Gives messages their positions: one script call per room and batch. Loop's thread only.
class Sequencer {
 public:
  /// `data_lost` runs when Redis turns out to have forgotten this gateway's members.
  Sequencer(Context& context, std::function<void()> data_lost)
      : context_(context), data_lost_(std::move(data_lost)) {}

  using Results = std::vector<Result<Sequenced>>;
  void sequence(std::vector<SequenceRequest> batch, Reply<Results> sequenced);

 private:
  struct Batch {
    Results results;
    std::size_t open;  ///< script calls not answered yet
    Reply<Results> sequenced;
  };

  [[nodiscard]] Command command_of(const std::vector<SequenceRequest>& batch,
                                   const RoomGroup& group) const;
  void place(const RoomGroup& group, Answer answer, Results& results);

  Context& context_;
  const std::function<void()> data_lost_;
};

}  // namespace stampede::redis
