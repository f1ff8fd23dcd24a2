// A queue is a room without order, history or bindings: who is to get a message was found out by
// its sender.
#include "gateway/users/user_queues.h"

#include <utility>

namespace stampede::gateway {

UserQueues::UserQueues(Executor& on, UserDirectory& directory, Metrics& metrics)
    : on_(on),
      directory_(directory),
      changes_(
          on, [this](std::vector<Enter> run) { enter(std::move(run)); },
          [this](std::vector<QueueSession> run) { directory_.leave(std::move(run)); }),
      subscriptions_gauge_(
          metrics.gauge("stampede_gateway_queue_subscriptions",
                        "Subscriptions of local sessions to their user's queues.")),
      delivered_(metrics.counter("stampede_gateway_direct_delivered_total",
                                 "MESSAGE frames of direct messages queued to local sessions.")) {}

void UserQueues::subscribe(QueueSession session, Subscriber& subscriber, Live live) {
  Queue& queue = queues_[session.queue];
  queue.audience.add(subscriber);
  ++queue.subscriptions[session.session];
  subscriptions_gauge_.add(1);
  const std::uint64_t ticket = ++last_ticket_;
  waiting_.emplace(ticket, Waiting{&subscriber, std::move(live)});
  tickets_[&subscriber] = ticket;
  changes_.enter({ticket, std::move(session)});
}

void UserQueues::unsubscribe(const QueueSession& session, Subscriber& subscriber) {
  const auto ticket = tickets_.find(&subscriber);
  if (ticket != tickets_.end()) {
    waiting_.erase(ticket->second);
    tickets_.erase(ticket);
  }
  const auto entry = queues_.find(session.queue);
  if (entry == queues_.end()) return;
  Queue& queue = entry->second;
  queue.audience.remove(subscriber);
  subscriptions_gauge_.add(-1);
  const auto count = queue.subscriptions.find(session.session);
  if (--count->second > 0) return;
  queue.subscriptions.erase(count);
  if (queue.subscriptions.empty()) queues_.erase(entry);
  changes_.leave(session);
}

void UserQueues::enter(std::vector<Enter> run) {
  std::vector<QueueSession> sessions;
  sessions.reserve(run.size());
  for (const Enter& one : run) sessions.push_back(one.session);
  directory_.enter(
      std::move(sessions),
      Reply<Result<void>>(on_, [this, run = std::move(run)](const Result<void>& result) {
        for (const Enter& one : run) {
          const auto entry = waiting_.find(one.ticket);
          if (entry == waiting_.end()) continue;  // unsubscribed meanwhile
          const Waiting waiting = std::move(entry->second);
          waiting_.erase(entry);
          tickets_.erase(waiting.subscriber);
          waiting.live(result);
        }
      }));
}

void UserQueues::deliver(const std::vector<MessageRef>& batch) {
  std::size_t count = 0;
  for (const MessageRef& message : batch) {
    if (message->kind != MessageKind::kDirect) continue;
    const auto queue = queues_.find(UserQueue{message->recipient, message->room});
    if (queue != queues_.end()) count += queue->second.audience.deliver({&message, 1});
  }
  if (count > 0) delivered_.add(static_cast<double>(count));
}

}  // namespace stampede::gateway
