#include "shared/adapters/redis/presence_news.h"

#include <utility>

namespace stampede::redis {

PresenceNews::PresenceNews(Loop& loop)
    : turn_(loop, [this](std::vector<PresenceChange> changes) {
        on_->post([news = news_, changes = std::move(changes)] { news(changes); });
      }) {}

void PresenceNews::watch(Executor& on, Presence::News news) {
  on_ = &on;
  news_ = std::move(news);
}

/// The script made all changes at once; told one by one, each has its number of users.
void PresenceNews::add(const RoomName& room, const Said& said, Answer users) {
  if (on_ == nullptr) return;
  const auto count = static_cast<std::int64_t>(users.size());
  Position position{said.first, said.prev};
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t later = count - 1 - i;
    turn_.add({room, UserId(std::string(users[static_cast<std::size_t>(i)].text())), said.joined,
               said.joined ? said.users - later : said.users + later, position, said.remote});
    position = {position.seq + 1, position.seq};
  }
}

}  // namespace stampede::redis
