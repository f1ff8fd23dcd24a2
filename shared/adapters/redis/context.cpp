#include "shared/adapters/redis/context.h"

namespace stampede::redis {

void send_leave(Context& context, const std::string& registration, const RoomName& room,
                const std::vector<SessionId>& sessions, std::function<void()> answered) {
  const Keys& keys = context.keys;
  std::vector<std::string> arguments{registration,
                                     std::to_string(context.options.recent_ttl.count())};
  for (const SessionId& session : sessions) arguments.push_back(session.str());
  context.connection.send(
      Command::call(Script::kLeave,
                    {keys.state(room), keys.recent(room), keys.gateways(room),
                     keys.members(room, registration)},
                    std::move(arguments)),
      [&context, room, answered = std::move(answered)](const Result<Answer>& answer) {
        if (answered) answered();
        if (!answer || answer->integer() == 0) return;
        context.connection.send(
            Command({"ZREM", context.keys.index(), index_entry(room, answer->integer())}),
            [](const Result<Answer>&) {});
      });
}

}  // namespace stampede::redis
