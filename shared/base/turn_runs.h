#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <variant>
#include <vector>

#include "shared/base/turn_batch.h"

namespace stampede {

/// Two kinds of changes that undo each other, of one turn of an executor: handed over at its end in
/// the order they were made, neighbours of a kind together in one batch. Executor's thread only;
/// the owner must outlive the executor's pending tasks.
template <class Enter, class Leave>
class TurnRuns {
 public:
  TurnRuns(Executor& on, std::function<void(std::vector<Enter>)> enter,
           std::function<void(std::vector<Leave>)> leave)
      : enter_(std::move(enter)),
        leave_(std::move(leave)),
        changes_(on, [this](std::vector<Change> changes) { hand_over(std::move(changes)); }) {}

  void enter(Enter one) { changes_.add(Change(std::in_place_index<0>, std::move(one))); }
  void leave(Leave one) { changes_.add(Change(std::in_place_index<1>, std::move(one))); }

 private:
  using Change = std::variant<Enter, Leave>;

  void hand_over(std::vector<Change> changes) {
    for (auto first = changes.begin(); first != changes.end();) {
      auto last = first;
      while (last != changes.end() && last->index() == first->index()) ++last;
      if (first->index() == 0) {
        enter_(run<0, Enter>(first, last));
      } else {
        leave_(run<1, Leave>(first, last));
      }
      first = last;
    }
  }

  template <std::size_t kind, class T, class Iterator>
  static std::vector<T> run(Iterator first, Iterator last) {
    std::vector<T> out;
    out.reserve(static_cast<std::size_t>(last - first));
    for (; first != last; ++first) out.push_back(std::move(std::get<kind>(*first)));
    return out;
  }

  std::function<void(std::vector<Enter>)> enter_;
  std::function<void(std::vector<Leave>)> leave_;
  TurnBatch<Change> changes_;
};

}  // namespace stampede
