// Messages are encoded here, straight into their parcel: until the confirm, and for a second time
// after a reconnect, only bytes are kept.
#include "shared/adapters/rabbitmq/append_batch.h"

#include <array>

#include "shared/model/parcel.h"
#include "shared/model/partition.h"

namespace stampede::rabbitmq {
namespace {

/// What a message costs in memory, nearly.
std::size_t weight(const Message& message) {
  std::size_t bytes = 256 + message.body.size();
  for (const MessageHeader& header : message.headers) {
    bytes += header.name.size() + header.value.size();
  }
  return bytes;
}

/// Indexed by parcel; knows which messages of the batch are in it.
class AppendBatch final : public Settlement {
 public:
  AppendBatch(std::size_t size, Reply<std::vector<Result<void>>> reply)
      : results_(size), open_(size), reply_(std::move(reply)) {}

  void refuse(std::size_t message, Result<void> outcome) {
    results_[message] = std::move(outcome);
    finished(1);
  }
  /// Returns the parcel's index.
  std::size_t add(std::vector<std::size_t> messages) {
    parcels_.push_back(std::move(messages));
    return parcels_.size() - 1;
  }
  void settle(std::size_t parcel, Result<void> outcome) override {
    for (const std::size_t message : parcels_[parcel]) results_[message] = outcome;
    finished(parcels_[parcel].size());
  }

 private:
  void finished(std::size_t messages) {
    open_ -= messages;
    if (open_ == 0) reply_(std::move(results_));
  }

  std::vector<Result<void>> results_;
  std::size_t open_;
  std::vector<std::vector<std::size_t>> parcels_;
  Reply<std::vector<Result<void>>> reply_;
};

/// One storage queue's parcel that still takes messages.
struct OpenParcel {
  ParcelWriter writer;
  std::vector<std::size_t> messages;
  std::size_t bytes = 0;
};

class Packer {
 public:
  Packer(std::size_t size, ByteBound bound, Clock::Instant now,
         Reply<std::vector<Result<void>>> confirmed)
      : batch_(std::make_shared<AppendBatch>(size, std::move(confirmed))),
        bound_(bound),
        now_(now) {}

  void add(std::size_t index, const Message& message) {
    const std::size_t bytes = weight(message);
    if (auto taken = check(message, bytes); !taken) return batch_->refuse(index, std::move(taken));
    bound_.used += bytes;
    const std::uint32_t queue = storage_queue_of(message.room);
    OpenParcel& parcel = open_[queue];
    if (!parcel.writer.has_room(message)) close(queue);
    parcel.writer.add(message);
    parcel.messages.push_back(index);
    parcel.bytes += bytes;
  }

  std::vector<Publish> finish() {
    for (std::uint32_t queue = 0; queue < kStorageQueues; ++queue) {
      if (open_[queue].writer.messages() > 0) close(queue);
    }
    return std::move(closed_);
  }

 private:
  [[nodiscard]] Result<void> check(const Message& message, std::size_t bytes) const {
    if (auto stored = check_stored_kind(message); !stored) return stored;
    if (bound_.used + bytes <= bound_.limit) return {};
    return Error(Errc::kOverloaded,
                 "too many messages wait for the broker's confirm: " + std::to_string(bound_.used) +
                     " bytes; the limit is " + std::to_string(bound_.limit));
  }

  void close(std::uint32_t queue) {
    OpenParcel parcel = std::exchange(open_[queue], {});
    Publish publish;
    publish.payload = parcel.writer.take();
    publish.queue = queue;
    publish.settlement = batch_;
    publish.messages = parcel.messages.size();
    publish.bytes = parcel.bytes;
    publish.since = now_;
    publish.index = batch_->add(std::move(parcel.messages));
    closed_.push_back(std::move(publish));
  }

  std::shared_ptr<AppendBatch> batch_;
  ByteBound bound_;
  Clock::Instant now_;
  std::array<OpenParcel, kStorageQueues> open_;
  std::vector<Publish> closed_;
};

}  // namespace

std::vector<Publish> parcels_of(const std::vector<MessageRef>& batch, ByteBound bound,
                                Clock::Instant now, Reply<std::vector<Result<void>>> confirmed) {
  if (batch.empty()) {
    confirmed({});
    return {};
  }
  Packer packer(batch.size(), bound, now, std::move(confirmed));
  for (std::size_t i = 0; i < batch.size(); ++i) packer.add(i, *batch[i]);
  return packer.finish();
}

}  // namespace stampede::rabbitmq
