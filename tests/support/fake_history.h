#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "shared/ports/history.h"

namespace stampede::test {

/// A history of what a test puts in. One thread.
class FakeHistory final : public History {
 public:
  void page(PageQuery query, Reply<Result<Page>> found) override {
    asked.push_back(query);
    if (away) return found(Error(Errc::kUnavailable, "the history is away"));
    Page page;
    for (const MessageRef& one : stored) {
      const Seq seq = one->position.seq;
      if (one->room != query.room) continue;
      if (query.before && seq >= *query.before) continue;
      if (query.after && seq <= *query.after) continue;
      page.messages.push_back(one);
    }
    if (page.messages.size() > query.limit) {
      const auto surplus = static_cast<std::ptrdiff_t>(page.messages.size() - query.limit);
      if (query.after) {
        page.messages.erase(page.messages.end() - surplus, page.messages.end());
      } else {
        page.messages.erase(page.messages.begin(), page.messages.begin() + surplus);
      }
    }
    const Seq first =
        page.messages.empty() ? query.before.value_or(0) : page.messages.front()->position.seq;
    page.older = std::any_of(stored.begin(), stored.end(), [&](const MessageRef& one) {
      return one->room == query.room && one->position.seq < first;
    });
    found(std::move(page));
  }

  std::vector<MessageRef> stored;  ///< ascending by position
  std::vector<PageQuery> asked;
  bool away = false;
};

}  // namespace stampede::test
