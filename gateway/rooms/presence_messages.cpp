#include "gateway/rooms/presence_messages.h"

#include <algorithm>
#include <utility>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace stampede::gateway {
namespace {

constexpr std::string_view kEvent = "event";
constexpr std::string_view kCount = "count";

std::shared_ptr<Message> event(const RoomName& room, std::string_view name, std::int64_t members,
                               std::int64_t timestamp_ms) {
  auto message = std::make_shared<Message>();
  message->id = new_message_id();
  message->kind = MessageKind::kPresence;
  message->room = room;
  message->timestamp_ms = timestamp_ms;
  message->headers = {{std::string(kEvent), std::string(name)},
                      {"members", std::to_string(members)}};
  return message;
}

/// User names are UTF-8, whoever authenticated them.
std::string users_json(const RoomUsers& users) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
  json.StartObject();
  json.Key("members");
  json.Int64(users.count);
  if (std::cmp_equal(users.users.size(), users.count)) {
    json.Key("users");
    json.StartArray();
    for (const PresentUser& one : users.users) {
      json.StartObject();
      json.Key("user");
      json.String(one.user.str().data(), static_cast<rapidjson::SizeType>(one.user.str().size()));
      json.Key("sessions");
      json.Int64(one.sessions);
      json.Key("since");
      json.Int64(one.since_ms);
      json.EndObject();
    }
    json.EndArray();
  }
  json.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace

MessageRef change_message(const PresenceChange& change, const GatewayId& origin,
                          std::int64_t timestamp_ms) {
  auto message = event(change.room, change.joined ? "join" : "leave", change.users, timestamp_ms);
  message->origin = origin;
  message->position = change.position;
  message->headers.push_back({"user", change.user.str()});
  return message;
}

MessageRef count_message(const PresenceChange& latest, const GatewayId& origin,
                         std::int64_t timestamp_ms) {
  auto message = event(latest.room, kCount, latest.users, timestamp_ms);
  message->origin = origin;
  message->position = {latest.position.seq, kNoSeq};
  return message;
}

MessageRef members_message(const RoomName& room, const RoomUsers& users,
                           std::int64_t timestamp_ms) {
  auto message = event(room, "members", users.count, timestamp_ms);
  message->content_type = "application/json";
  message->body = users_json(users);
  return message;
}

bool is_count(const Message& message) noexcept {
  return std::any_of(message.headers.begin(), message.headers.end(), [](const MessageHeader& one) {
    return one.name == kEvent && one.value == kCount;
  });
}

}  // namespace stampede::gateway
