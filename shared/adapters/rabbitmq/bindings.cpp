// The set of wanted keys outlives every queue; only what is wanted now is bound to the next one.
#include "shared/adapters/rabbitmq/bindings.h"

#include <algorithm>

namespace stampede::rabbitmq {

std::vector<BindingKey> Bindings::request(std::vector<BindingKey> keys, Bound bound,
                                          Clock::Instant now) {
  std::vector<BindingKey> to_bind;
  Barrier needed = 0;
  for (const BindingKey& key : keys) {
    Binding& binding = bindings_[key];
    ++binding.waiting;
    if (up_ && binding.barrier == kNever) {
      binding.barrier = sent_ + 1;
      to_bind.push_back(key);
    }
    needed = std::max(needed, binding.barrier);
  }
  if (!to_bind.empty()) ++sent_;
  if (!up_ && !keys.empty()) needed = kNever;
  Request request{std::move(keys), std::move(bound), needed, now};
  if (needed <= passed_) {
    answer(request, {});
  } else {
    requests_.push_back(std::move(request));
  }
  return to_bind;
}

std::vector<BindingKey> Bindings::remove(const std::vector<BindingKey>& keys) {
  std::vector<BindingKey> to_unbind;
  for (const BindingKey& key : keys) {
    const auto found = bindings_.find(key);
    if (found == bindings_.end()) continue;
    if (found->second.barrier != kNever) to_unbind.push_back(key);
    bindings_.erase(found);
  }
  return to_unbind;
}

std::vector<BindingKey> Bindings::queue_up() {
  up_ = true;
  std::vector<BindingKey> to_bind;
  to_bind.reserve(bindings_.size());
  ++sent_;
  for (auto& [key, binding] : bindings_) {
    binding.barrier = sent_;
    to_bind.push_back(key);
  }
  for (Request& request : requests_) request.barrier = sent_;
  return to_bind;
}

void Bindings::queue_down() {
  up_ = false;
  passed_ = sent_;
  for (auto& [key, binding] : bindings_) binding.barrier = kNever;
  for (Request& request : requests_) request.barrier = kNever;
}

void Bindings::barrier_passed() {
  ++passed_;
  while (!requests_.empty() && requests_.front().barrier <= passed_) {
    Request request = std::move(requests_.front());
    requests_.pop_front();
    answer(request, {});
  }
}

std::vector<BindingKey> Bindings::expire(Clock::Instant deadline, const std::string& why) {
  std::vector<BindingKey> to_unbind;
  while (!requests_.empty() && requests_.front().since < deadline) {
    Request request = std::move(requests_.front());
    requests_.pop_front();
    answer(request, Error(Errc::kUnavailable, why));
    for (const BindingKey& key : request.keys) {
      const auto found = bindings_.find(key);
      if (found == bindings_.end()) continue;
      if (found->second.waiting > 0 || found->second.ever_bound) continue;
      if (found->second.barrier != kNever) to_unbind.push_back(key);
      bindings_.erase(found);
    }
  }
  return to_unbind;
}

void Bindings::cancel_all(const Error& error) {
  while (!requests_.empty()) {
    Request request = std::move(requests_.front());
    requests_.pop_front();
    answer(request, error);
  }
}

void Bindings::answer(Request& request, Result<void> outcome) {
  for (const BindingKey& key : request.keys) {
    const auto found = bindings_.find(key);
    if (found == bindings_.end()) continue;
    if (found->second.waiting > 0) --found->second.waiting;
    if (outcome) found->second.ever_bound = true;
  }
  request.bound(std::move(outcome));
}

}  // namespace stampede::rabbitmq
