// Who is where now comes from the directory, what was said from the store: a room without members
// still has its history.
#include "storage-worker/api/rooms.h"

#include <string_view>
#include <unordered_map>
#include <unordered_set>
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

/// `next`: the room after which the next page begins; empty when this is the last.
http::Response rooms_answer(const std::vector<RoomSummary>& rooms, std::size_t limit,
                            const std::string& next) {
  JsonWriter json;
  json.begin_object();
  json.key("rooms");
  json.begin_array();
  for (const RoomSummary& room : rooms) {
    json.begin_object();
    json.field("room", room.room.str());
    json.field("members", room.users);
    json.field("sessions", room.members);
    json.field("last", room.last);
    json.end_object();
  }
  json.end_array();
  json.key("links");
  json.begin_object();
  if (!next.empty()) {
    json.field("next", "/api/v1/rooms?after=" + next + "&limit=" + std::to_string(limit));
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

/// How many users, and with how many sessions.
struct Occupancy {
  std::int64_t users = 0;
  std::int64_t sessions = 0;
};

Occupancy occupancy_of(const std::vector<Member>& members) {
  std::unordered_set<std::string_view> users;
  for (const Member& member : members) users.insert(member.user.str());
  return {static_cast<std::int64_t>(users.size()), static_cast<std::int64_t>(members.size())};
}

http::Response room_answer(const http::Request& request, const RoomName& room,
                           const Occupancy& within, const Page& newest) {
  if (within.sessions == 0 && newest.messages.empty()) {
    return problem(request, Error(Errc::kNotFound,
                                  "room " + room.str() + " has neither members nor messages"));
  }
  JsonWriter json;
  json.begin_object();
  json.field("room", room.str());
  json.field("members", within.users);
  json.field("sessions", within.sessions);
  json.field("last", newest.messages.empty() ? kNoSeq : newest.messages.back()->position.seq);
  json.end_object();
  return fresh(json);
}

/// A page of rooms that may be read, on its way: the directory is asked again until the page is
/// full, and not without end for somebody who may read almost none of very many rooms.
struct Listing {
  ApiPorts ports;
  std::shared_ptr<const auth::Rights> rights;
  http::Request request;
  http::Responder responder;
  RoomsQuery query;
  std::size_t limit;
  std::size_t rounds = 0;
  std::vector<RoomSummary> readable;
};

void list_on(const std::shared_ptr<Listing>& listing);

void on_rooms(const std::shared_ptr<Listing>& listing, const std::vector<RoomSummary>& rooms) {
  constexpr std::size_t kMostRounds = 20;
  constexpr std::size_t kScanned = 500;
  for (const RoomSummary& room : rooms) {
    if (!listing->rights->allow(room.room, auth::Verb::kRead)) continue;
    if (listing->readable.size() == listing->limit) {  // one more: there is a next page
      return listing->responder(
          rooms_answer(listing->readable, listing->limit, listing->readable.back().room.str()));
    }
    listing->readable.push_back(room);
  }
  const bool more = rooms.size() == listing->query.limit;
  if (more) listing->query = {rooms.back().room.str(), kScanned};
  if (more && ++listing->rounds < kMostRounds) return list_on(listing);
  listing->responder(
      rooms_answer(listing->readable, listing->limit, more ? listing->query.after : std::string()));
}

void list_on(const std::shared_ptr<Listing>& listing) {
  auto found = [listing](const Result<std::vector<RoomSummary>>& rooms) {
    if (rooms) return on_rooms(listing, *rooms);
    listing->responder(server_problem(listing->request, rooms.error(), kDirectory));
  };
  listing->ports.directory.rooms(listing->query, {listing->ports.on, std::move(found)});
}

}  // namespace

void serve_rooms(const ApiPorts& ports, std::shared_ptr<const auth::Rights> rights,
                 http::Request request, const http::Responder& responder) {
  QueryReader reader(request, {"after", "limit"});
  RoomsQuery query;
  query.after = reader.room_name("after");
  const std::size_t limit = reader.limit();
  if (reader.failed()) return responder(reader.problem());
  query.limit = limit + 1;
  list_on(std::make_shared<Listing>(
      Listing{ports, std::move(rights), std::move(request), responder, query, limit, 0, {}}));
}

void serve_room(const ApiPorts& ports, http::Request request, const http::Responder& responder) {
  QueryReader reader(request, {});
  const RoomName room = reader.room();
  if (reader.failed()) return responder(reader.problem());
  auto on_members = [ports, room, request = std::move(request),
                     responder](const Result<std::vector<Member>>& members) {
    if (!members) return responder(server_problem(request, members.error(), kDirectory));
    auto on_page = [room, request, responder,
                    within = occupancy_of(*members)](const Result<Page>& newest) {
      responder(newest ? room_answer(request, room, within, *newest)
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
