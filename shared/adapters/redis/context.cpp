#include "shared/adapters/redis/context.h"

namespace stampede::redis {

void send_leave(Context& context, const std::string& registration, const RoomName& room,
                const std::vector<SessionId>& sessions, std::function<void(bool out)> answered) {
  const Keys& keys = context.keys;
  std::vector<std::string> arguments{
      registration, std::to_string(context.options.recent_ttl.count()), context.registration};
  for (const SessionId& session : sessions) arguments.push_back(session.str());
  context.connection.send(
      Command::call(Script::kLeave,
                    {keys.state(room), keys.recent(room), keys.gateways(room),
                     keys.members(room, registration), keys.users(room)},
                    std::move(arguments)),
      [&context, room, answered = std::move(answered)](const Result<Answer>& answer) {
        if (answered) answered(answer.has_value());
        if (!answer) return;
        const Answer& said = *answer;
        const bool remote = said[1].integer() != 0 || !proven(context);
        context.news.add(room,
                         {false, remote, said[2].integer(), said[3].integer(), said[4].integer()},
                         said[5]);
        if (said[0].integer() == 0) return;
        context.connection.send(
            Command({"ZREM", context.keys.index(), index_entry(room, said[0].integer())}),
            [](const Result<Answer>&) {});
      });
}

}  // namespace stampede::redis
