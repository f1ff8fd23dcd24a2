// History in pages. Links are there exactly when the page they lead to has messages, so a client
// that follows them until there is none has seen everything.
#include "storage-worker/api/history.h"

#include "shared/model/message_block.h"
#include "storage-worker/api/json.h"
#include "storage-worker/api/problem.h"
#include "storage-worker/api/query.h"

namespace stampede::worker {
namespace {

std::string link(const PageQuery& query, const char* direction, Seq from) {
  return "/api/v1/rooms/" + query.room.str() + "/messages?" + direction + "=" +
         std::to_string(from) + "&limit=" + std::to_string(query.limit);
}

/// Where an empty page's neighbours begin: its bound itself may be a message.
Seq first_of(const PageQuery& query, const Page& page) {
  return page.messages.empty() ? query.after.value_or(0) + 1 : page.messages.front()->position.seq;
}

Seq last_of(const PageQuery& query, const Page& page) {
  return page.messages.empty() ? query.before.value_or(1) - 1 : page.messages.back()->position.seq;
}

http::Response answer(const PageQuery& query, const Page& page) {
  JsonWriter json;
  json.begin_object();
  json.field("room", query.room.str());
  json.key("messages");
  json.begin_array();
  for (const MessageRef& message : page.messages) write_message(json, *message);
  json.end_array();
  json.key("links");
  json.begin_object();
  if (page.older) json.field("previous", link(query, "before", first_of(query, page)));
  if (page.newer) json.field("next", link(query, "after", last_of(query, page)));
  json.end_object();
  json.end_object();
  http::Response response = http::Response::json(json.finish());
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

/// Everything as it was sent, for a gateway that hands it on.
http::Response block(const Page& page) {
  http::Response response;
  response.content_type = kMessageBlockType;
  response.body = encode_message_block({page.messages, page.older, page.newer});
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

bool wants_block(const http::Request& request) {
  return request.header("Accept").value_or("") == kMessageBlockType;
}

}  // namespace

void serve_history(const ApiPorts& ports, http::Request request, const http::Responder& responder) {
  QueryReader reader(request, {"before", "after", "limit"});
  PageQuery query;
  query.room = reader.room();
  query.before = reader.position("before");
  query.after = reader.position("after");
  query.limit = reader.limit();
  reader.exclude("before", "after");
  if (reader.failed()) return responder(reader.problem());
  ports.store.page(
      query, {ports.on, [query, request = std::move(request), responder](const Result<Page>& page) {
                if (!page) {
                  responder(server_problem(request, page.error(), "the message store"));
                } else {
                  responder(wants_block(request) ? block(*page) : answer(query, *page));
                }
              }});
}

}  // namespace stampede::worker
