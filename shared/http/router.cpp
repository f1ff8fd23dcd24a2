// A handful of routes, matched by walking them in order of how specific they are; the cost is noise
// beside parsing the request.
#include "shared/http/router.h"

#include <algorithm>
#include <atomic>
#include <stdexcept>

#include "shared/base/log.h"
#include "shared/http/cors.h"
#include "shared/http/problem.h"
#include "shared/http/target.h"

namespace stampede::http {
namespace {

bool is_parameter(std::string_view segment) noexcept {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

/// Splits and checks a pattern. "/" is one empty segment.
std::vector<std::string> segments_of(const std::string& pattern) {
  if (pattern.empty() || pattern.front() != '/') {
    throw std::logic_error("route pattern must start with '/': " + pattern);
  }
  std::vector<std::string> segments;
  for (std::size_t start = 1;;) {
    const std::size_t slash = pattern.find('/', start);
    segments.push_back(pattern.substr(start, slash - start));
    const std::string& segment = segments.back();
    if (!is_parameter(segment) && segment.find_first_of("{}%?") != std::string::npos) {
      throw std::logic_error("route pattern has a malformed segment: " + pattern);
    }
    if (slash == std::string::npos) return segments;
    start = slash + 1;
  }
}

/// Whether two patterns match the same paths; their parameters may differ in name.
bool same_shape(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return is_parameter(x) ? is_parameter(y) : x == y;
  });
}

/// Literal before parameter at the first segment where two patterns differ.
bool more_specific(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](const auto& x, const auto& y) {
                                        if (is_parameter(x) != is_parameter(y))
                                          return is_parameter(y);
                                        return !is_parameter(x) && x < y;
                                      });
}

std::string allowed_methods(const std::vector<std::pair<std::string, Handler>>& handlers) {
  std::string allow;
  for (const auto& [method, handler] : handlers) {
    if (!allow.empty()) allow += ", ";
    allow += method;
    if (method == "GET") allow += ", HEAD";
  }
  return allow;
}

}  // namespace

struct Responder::State {
  explicit State(Send s) : send(std::move(s)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (answered.exchange(true)) return;
    log_error("request dropped without an answer");
    send(problem(500, "The request was dropped without an answer."));
  }

  Send send;
  std::atomic<bool> answered{false};
};

Responder::Responder(Send send) : state_(std::make_shared<State>(std::move(send))) {}

void Responder::operator()(Response response) const {
  if (state_->answered.exchange(true)) {
    log_error("request answered twice", {{"status", response.status}});
    return;
  }
  state_->send(std::move(response));
}

void Router::add(std::string method, std::string pattern, Handler handler) {
  auto segments = segments_of(pattern);
  auto entry = std::find_if(entries_.begin(), entries_.end(),
                            [&](const Entry& e) { return same_shape(e.segments, segments); });
  if (entry == entries_.end()) {
    const auto place = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) {
      return more_specific(segments, e.segments);
    });
    entry = entries_.insert(place, Entry{std::move(segments), {}});
  } else if (entry->segments != segments) {
    throw std::logic_error("route pattern names parameters unlike its sibling: " + pattern);
  }
  for (const auto& [present, unused] : entry->handlers) {
    if (present == method) throw std::logic_error("route added twice: " + pattern);
  }
  entry->handlers.emplace_back(method, std::move(handler));
  listed_.push_back({std::move(method), std::move(pattern)});
}

void Router::fallback(Handler handler) { fallback_ = std::move(handler); }

const Router::Entry* Router::find(const std::vector<std::string_view>& segments) const {
  const auto matches = [&](const Entry& entry) {
    return std::equal(entry.segments.begin(), entry.segments.end(), segments.begin(),
                      segments.end(), [](const std::string& pattern, std::string_view segment) {
                        return is_parameter(pattern) ? !segment.empty() : pattern == segment;
                      });
  };
  const auto entry = std::find_if(entries_.begin(), entries_.end(), matches);
  return entry == entries_.end() ? nullptr : &*entry;
}

void Router::dispatch(Request request, const Responder& responder) const {
  const auto sent = request.header("Origin");
  if (!pages_ || !sent || !pages_->check(*sent, request.header("Host").value_or(""))) {
    return route(std::move(request), responder);
  }
  const std::string origin(*sent);
  if (auto answer = preflight_answer(request, origin)) return responder(*std::move(answer));
  route(std::move(request), Responder([responder, origin](Response response) {
          share_with(origin, response);
          responder(std::move(response));
        }));
}

void Router::route(Request request, const Responder& responder) const {
  auto target = parse_target(request.target);
  if (!target) return responder(problem(target.error()));
  request.path = std::move(target->path);
  request.query = std::move(target->query);

  const Entry* entry = find(target->segments);
  if (entry == nullptr) {
    if (fallback_) return fallback_(std::move(request), responder);
    return responder(problem(404, "There is nothing at " + request.path + "."));
  }
  const std::string_view wanted =
      request.method == "HEAD" ? "GET" : std::string_view(request.method);
  const auto handler = std::find_if(entry->handlers.begin(), entry->handlers.end(),
                                    [&](const auto& h) { return h.first == wanted; });
  if (handler == entry->handlers.end()) {
    const std::string allow = allowed_methods(entry->handlers);
    Response refusal = problem(405, request.path + " allows " + allow + ".");
    refusal.headers.emplace_back("Allow", allow);
    return responder(std::move(refusal));
  }
  for (std::size_t i = 0; i < entry->segments.size(); ++i) {
    const std::string& pattern = entry->segments[i];
    if (!is_parameter(pattern)) continue;
    // The whole path was decoded already, so this one cannot fail but for a split UTF-8 sequence.
    auto value = percent_decode(target->segments[i], "path");
    if (!value) return responder(problem(value.error()));
    request.params.emplace_back(pattern.substr(1, pattern.size() - 2), std::move(*value));
  }
  handler->second(std::move(request), responder);
}

}  // namespace stampede::http
