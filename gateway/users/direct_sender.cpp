// Nothing is kept: who is not there when a direct message is sent does not get it, and the sender
// is told so.
#include "gateway/users/direct_sender.h"

#include <map>
#include <utility>

namespace stampede::gateway {
namespace {

Counter sent(Metrics& metrics, const char* recipient) {
  return metrics.counter("stampede_gateway_direct_sent_total",
                         "Direct messages of this gateway's clients, by whether their recipient "
                         "was found; without the directory they go to every gateway.",
                         {{"recipient", recipient}});
}

}  // namespace

DirectSender::DirectSender(Executor& on, ShardIndex shard, GatewayId self, UserDirectory& directory,
                           MessageBus& bus, LocalFanout& fanout, UserQueues& queues,
                           Metrics& metrics)
    : on_(on),
      shard_(shard),
      self_(std::move(self)),
      directory_(directory),
      bus_(bus),
      fanout_(fanout),
      queues_(queues),
      turn_(on, [this](std::vector<Outgoing> batch) { look_up(std::move(batch)); }),
      found_(sent(metrics, "found")),
      not_found_(sent(metrics, "not_found")),
      to_all_(sent(metrics, "unknown")) {}

void DirectSender::send(MessageRef message, HandedOn handed_on) {
  ++in_flight_;
  turn_.add({std::move(message), std::move(handed_on)});
}

void DirectSender::look_up(std::vector<Outgoing> outgoing) {
  std::vector<UserQueue> queues;
  queues.reserve(outgoing.size());
  for (const Outgoing& one : outgoing)
    queues.push_back({one.message->recipient, one.message->room});
  const auto batch = std::make_shared<std::vector<Outgoing>>(std::move(outgoing));
  directory_.find(std::move(queues),
                  Reply<Result<UserDirectory::Places>>(on_, [this, batch](const auto& found) {
                    in_flight_ -= batch->size();
                    hand_on(*batch, found);
                  }));
}

void DirectSender::hand_on(const std::vector<Outgoing>& batch,
                           const Result<UserDirectory::Places>& found) {
  if (!found) return hand_to_all(batch);
  std::map<GatewayId, std::vector<MessageRef>> by_gateway;
  std::vector<std::size_t> sessions(batch.size(), 0);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    for (const QueuePlace& place : (*found)[i]) {
      by_gateway[place.gateway].push_back(batch[i].message);
      sessions[i] += place.sessions;
    }
    (sessions[i] > 0 ? found_ : not_found_).add();
  }
  for (auto& [gateway, messages] : by_gateway) {
    if (gateway == self_) {
      deliver_here(messages);
    } else {
      bus_.send(gateway, std::move(messages));
    }
  }
  for (std::size_t i = 0; i < batch.size(); ++i) batch[i].handed_on(sessions[i]);
}

/// Like a room without the directory: nobody is left out.
void DirectSender::hand_to_all(const std::vector<Outgoing>& batch) {
  std::vector<MessageRef> messages;
  messages.reserve(batch.size());
  for (const Outgoing& one : batch) messages.push_back(one.message);
  to_all_.add(static_cast<double>(batch.size()));
  deliver_here(messages);
  bus_.send({}, std::move(messages));
  for (const Outgoing& one : batch) one.handed_on(std::nullopt);
}

void DirectSender::deliver_here(const std::vector<MessageRef>& messages) {
  fanout_.deliver_addressed(messages, shard_);
  queues_.deliver(messages);
}

}  // namespace stampede::gateway
