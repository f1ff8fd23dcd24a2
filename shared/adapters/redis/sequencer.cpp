// Messages of one room and turn share a script call: the call costs Redis several times what one
// more message in it does.
#include "shared/adapters/redis/sequencer.h"

#include <algorithm>
#include <utility>

#include "shared/model/wire.h"

namespace stampede::redis {
namespace {

/// Bounds the time for which one call keeps Redis from everybody else.
constexpr std::size_t kMessagesPerCall = 64;

constexpr std::int64_t kOthersPresent = 1;
constexpr std::int64_t kOwnMissing = 2;

// Parts of the answer, see scripts.cpp: flags, prev and seq of the first; then for each duplicate
// its index, seq, prev, id.
constexpr std::size_t kHead = 3;
constexpr std::size_t kPerDuplicate = 4;

Result<Sequenced> first_with_the_key(Answer answer, std::size_t at, bool remote) {
  const auto id = parse_message_id(answer[at + 3].text());
  if (!id) return Error(Errc::kInternal, "Redis remembers a message-key without a message");
  return Sequenced{{answer[at + 1].integer(), answer[at + 2].integer()}, remote, true, *id};
}

}  // namespace

void Sequencer::sequence(std::vector<SequenceRequest> batch, Reply<Results> sequenced) {
  if (batch.empty()) {
    sequenced({});
    return;
  }
  if (context_.connection.pending_bytes() > context_.options.pending_bytes) {
    sequenced(Results(
        batch.size(),
        Error(Errc::kOverloaded, "more than " + std::to_string(context_.options.pending_bytes) +
                                     " bytes wait for Redis already")));
    return;
  }
  auto groups =
      group_by_room(batch.size(), kMessagesPerCall,
                    [&](std::size_t i) -> const RoomName& { return batch[i].message->room; });
  auto pending =
      std::make_shared<Batch>(Batch{Results(batch.size()), groups.size(), std::move(sequenced)});
  for (RoomGroup& group : groups) {
    Command command = command_of(batch, group);
    context_.connection.send(std::move(command), [this, pending, group = std::move(group)](
                                                     const Result<Answer>& answer) {
      if (answer) {
        place(group, *answer, pending->results);
      } else {
        for (const std::size_t i : group.indices) pending->results[i] = answer.error();
      }
      if (--pending->open == 0) pending->sequenced(std::move(pending->results));
    });
  }
}

Command Sequencer::command_of(const std::vector<SequenceRequest>& batch,
                              const RoomGroup& group) const {
  const Keys& keys = context_.keys;
  const Options& options = context_.options;
  Seq floor = kNoSeq;
  for (const std::size_t i : group.indices) floor = std::max(floor, batch[i].floor);
  std::vector<std::string> names{keys.state(group.room), keys.recent(group.room),
                                 keys.gateways(group.room)};
  std::vector<std::string> arguments{context_.registration,
                                     context_.membership.has(group.room) ? "1" : "0",
                                     std::to_string(options.recent_messages),
                                     std::to_string(options.recent_ttl.count()),
                                     std::to_string(options.key_ttl.count()),
                                     std::to_string(floor)};
  arguments.reserve(arguments.size() + 2 * group.indices.size());
  for (const std::size_t i : group.indices) {
    const Message& message = *batch[i].message;
    const bool keyed = !message.key.empty();
    if (keyed) names.push_back(keys.sender_key(message));
    arguments.push_back(keyed ? to_string(message.id) : std::string());
    arguments.push_back(encode_message(message));
  }
  return Command::call(Script::kSequence, std::move(names), std::move(arguments));
}

/// The answer is described with the script.
void Sequencer::place(const RoomGroup& group, Answer answer, Results& results) {
  const std::size_t count = group.indices.size();
  if (answer.size() < kHead || (answer.size() - kHead) % kPerDuplicate != 0) {
    const Error error(Errc::kInternal, "Redis answered a sequence call with another shape");
    for (const std::size_t i : group.indices) results[i] = error;
    return;
  }
  const std::int64_t flags = answer[0].integer();
  Sequenced next;
  next.remote = (flags & kOthersPresent) != 0 || !proven(context_);
  next.position = {answer[2].integer(), answer[1].integer()};
  std::size_t duplicate = kHead;
  for (std::size_t i = 0; i < count; ++i) {
    Result<Sequenced>& result = results[group.indices[i]];
    if (duplicate < answer.size() && answer[duplicate].integer() == static_cast<std::int64_t>(i)) {
      result = first_with_the_key(answer, duplicate, next.remote);
      duplicate += kPerDuplicate;
      continue;
    }
    result = next;
    next.position = {next.position.seq + 1, next.position.seq};
  }
  if ((flags & kOwnMissing) != 0) data_lost_();
}

}  // namespace stampede::redis
