// Who is where now comes from the directory, what was said from the store: a room without members
// still has its history.
#include "storage-worker/api/rooms.h"

#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage-worker/api/json.h"
#include "storage-worker/api/problem.h"
#include "storage-worker/api/query.h"

namespace stampede::worker {
namespace {

constexpr std::string_view kDirectory = "the room directory";

http::Response fresh(const JsonWriter& json) {
  http::Response response = http::Response::json(json.finish());
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

http::Response rooms_answer(std::vector<RoomSummary> rooms, std::size_t limit) {
  const bool more = rooms.size() > limit;
  if (more) rooms.resize(limit);
  JsonWriter json;
  json.begin_object();
  json.key("rooms");
  json.begin_array();
  for (const RoomSummary& room : rooms) {
    json.begin_object();
    json.field("room", room.room.str());
    json.field("members", room.members);
    json.field("last", room.last);
    json.end_object();
  }
  json.end_array();
  json.key("links");
  json.begin_object();
  if (more) {
    json.field("next", "/api/v1/rooms?after=" + rooms.back().room.str() +
                           "&limit=" + std::to_string(limit));
  }
  json.end_object();
  json.end_object();
  return fresh(json);
}

/// A user's sessions together, in the order in which the users came.
http::Response members_answer(const RoomName& room, const std::vector<Member>& members) {
  struct Present {
    const Member* first;
    std::int64_t sessions;
  };
  std::vector<Present> users;
  std::unordered_map<std::string_view, std::size_t> places;
  for (const Member& member : members) {
    const auto [place, fresh_user] = places.emplace(member.user.str(), users.size());
    if (fresh_user) {
      users.push_back({&member, 1});
    } else {
      ++users[place->second].sessions;
    }
  }
  JsonWriter json;
  json.begin_object();
  json.field("room", room.str());
  json.key("members");
  json.begin_array();
  for (const Present& user : users) {
    json.begin_object();
    json.field("user", user.first->user.str());
    json.field("sessions", user.sessions);
    json.field("since", user.first->since_ms);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return fresh(json);
}

http::Response room_answer(const http::Request& request, const RoomName& room, std::size_t members,
                           const Page& newest) {
  if (members == 0 && newest.messages.empty()) {
    return problem(request, Error(Errc::kNotFound,
                                  "room " + room.str() + " has neither members nor messages"));
  }
  JsonWriter json;
  json.begin_object();
  json.field("room", room.str());
  json.field("members", static_cast<std::int64_t>(members));
  json.field("last", newest.messages.empty() ? kNoSeq : newest.messages.back()->position.seq);
  json.end_object();
  return fresh(json);
}

}  // namespace

void serve_rooms(const ApiPorts& ports, http::Request request, const http::Responder& responder) {
  QueryReader reader(request, {"after", "limit"});
  RoomsQuery query;
  query.after = reader.room_name("after");
  const std::size_t limit = reader.limit();
  if (reader.failed()) return responder(reader.problem());
  query.limit = limit + 1;
  ports.directory.rooms(query,
                        {ports.on, [limit, request = std::move(request),
                                    responder](Result<std::vector<RoomSummary>> rooms) {
                           responder(rooms ? rooms_answer(*std::move(rooms), limit)
                                           : server_problem(request, rooms.error(), kDirectory));
                         }});
}

void serve_room(const ApiPorts& ports, http::Request request, const http::Responder& responder) {
  QueryReader reader(request, {});
  const RoomName room = reader.room();
  if (reader.failed()) return responder(reader.problem());
  auto on_members = [ports, room, request = std::move(request),
                     responder](const Result<std::vector<Member>>& members) {
    if (!members) return responder(server_problem(request, members.error(), kDirectory));
    auto on_page = [room, request, responder, count = members->size()](const Result<Page>& newest) {
      responder(newest ? room_answer(request, room, count, *newest)
                       : server_problem(request, newest.error(), "the message store"));
    };
    ports.store.page({room, std::nullopt, std::nullopt, 1}, {ports.on, std::move(on_page)});
  };
  ports.directory.members(room, {ports.on, std::move(on_members)});
}

void serve_members(const ApiPorts& ports, http::Request request, const http::Responder& responder) {
  QueryReader reader(request, {});
  const RoomName room = reader.room();
  if (reader.failed()) return responder(reader.problem());
  ports.directory.members(
      room, {ports.on, [room, request = std::move(request),
                        responder](const Result<std::vector<Member>>& members) {
               responder(members ? members_answer(room, *members)
                                 : server_problem(request, members.error(), kDirectory));
             }});
}

}  // namespace stampede::worker
