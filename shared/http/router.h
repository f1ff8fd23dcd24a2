#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/http/message.h"
#include "shared/http/origin_policy.h"

namespace stampede::http {

/// The way to answer one request, now or later. Copies share one answer: the first call counts, a
/// later one is logged as our fault and ignored. When the last copy goes without a call the client
/// gets a 500. Answering a connection that is gone does nothing.
///
/// Made to be called on the loop of the server that made it; when the last copy is dropped on
/// another thread, that thread only posts.
class Responder {
 public:
  using Send = std::function<void(Response)>;
  explicit Responder(Send send);

  void operator()(Response response) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Runs on the server's loop. What it throws is answered with a 500 and logged.
using Handler = std::function<void(Request, Responder)>;

/// Which handler answers what. Filled at start, then shared, constant, by any number of servers.
class Router {
 public:
  struct Route {
    std::string method;
    std::string pattern;
  };

  /// `pattern` is "/api/v1/rooms/{room}/messages": a {name} matches one segment that is not empty.
  /// Where several patterns match, a literal segment wins over a {name}. A GET route answers HEAD.
  /// A wrong or repeated pattern is a mistake in the program: throws std::logic_error.
  void add(std::string method, std::string pattern, Handler handler);

  /// Answers what no pattern matches; without one that is a 404.
  void fallback(Handler handler);

  /// Pages of these origins may read every answer, and ask beforehand whether they may (CORS).
  /// Without it, pages of the server's own origin only.
  void allow_pages(OriginPolicy origins) { pages_ = std::move(origins); }

  /// Everything added, in the order of adding.
  [[nodiscard]] const std::vector<Route>& routes() const noexcept { return listed_; }

  /// Finds the handler and calls it with `request`, of which path, query and params are filled in
  /// here from the target. Answers 400 for a target that cannot be decoded, 404, and 405 with
  /// Allow.
  void dispatch(Request request, const Responder& responder) const;

 private:
  struct Entry {
    std::vector<std::string> segments;                      ///< a parameter keeps its braces
    std::vector<std::pair<std::string, Handler>> handlers;  ///< by method
  };
  void route(Request request, const Responder& responder) const;
  [[nodiscard]] const Entry* find(const std::vector<std::string_view>& segments) const;

  std::vector<Entry> entries_;  ///< sorted: literal segments before parameters
  std::vector<Route> listed_;
  Handler fallback_;
  std::optional<OriginPolicy> pages_;
};

}  // namespace stampede::http
