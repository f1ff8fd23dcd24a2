#pragma once

#include <hiredis/hiredis.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "shared/adapters/redis/url.h"

namespace stampede::test {

/// A blocking look into a Redis server, for what a test checks or breaks behind the adapter's back.
class RedisClient {
 public:
  explicit RedisClient(const std::string& url) {
    const redis::Server server = redis::parse_redis_url(url).value();
    const timeval timeout{5, 0};
    context_.reset(redisConnectWithTimeout(server.host.c_str(), server.port, timeout));
    if (context_ == nullptr || context_->err != 0) {
      throw std::runtime_error("cannot connect to the test's Redis at " + url + ": " +
                               (context_ ? context_->errstr : "out of memory"));
    }
    if (!server.password.empty()) run({"AUTH", server.password});
    if (server.database != 0) run({"SELECT", std::to_string(server.database)});
  }

  /// Strings and numbers as text, nil as "(nil)", arrays flattened.
  std::vector<std::string> run(const std::vector<std::string>& arguments) {
    std::vector<const char*> argv;
    std::vector<std::size_t> lengths;
    for (const std::string& argument : arguments) {
      argv.push_back(argument.data());
      lengths.push_back(argument.size());
    }
    const std::unique_ptr<redisReply, void (*)(void*)> reply(
        static_cast<redisReply*>(redisCommandArgv(context_.get(), static_cast<int>(argv.size()),
                                                  argv.data(), lengths.data())),
        freeReplyObject);
    if (reply == nullptr) throw std::runtime_error(arguments.at(0) + ": " + context_->errstr);
    if (reply->type == REDIS_REPLY_ERROR) {
      throw std::runtime_error(arguments.at(0) + ": " + reply->str);
    }
    std::vector<std::string> out;
    flatten(*reply, out);
    return out;
  }
  std::string one(const std::vector<std::string>& arguments) { return run(arguments).at(0); }

  std::vector<std::string> keys(const std::string& pattern) { return run({"KEYS", pattern}); }

 private:
  struct Free {
    void operator()(redisContext* context) const { redisFree(context); }
  };

  static void flatten(const redisReply& reply, std::vector<std::string>& out) {
    switch (reply.type) {
      case REDIS_REPLY_INTEGER: out.push_back(std::to_string(reply.integer)); return;
      case REDIS_REPLY_NIL: out.emplace_back("(nil)"); return;
      case REDIS_REPLY_ARRAY:
        for (std::size_t i = 0; i < reply.elements; ++i) flatten(*reply.element[i], out);
        return;
      default: out.emplace_back(reply.str, reply.len);
    }
  }

  std::unique_ptr<redisContext, Free> context_;
};

/// The server that scripts/test or a person has started for the tests.
inline std::string test_redis_url() {
  const char* const url = std::getenv("STAMPEDE_TEST_REDIS_URL");
  if (url == nullptr || *url == '\0') {
    throw std::runtime_error(
        "STAMPEDE_TEST_REDIS_URL is not set; it names a Redis 7 that tests may write to, "
        "for example redis://127.0.0.1:6379");
  }
  return url;
}

}  // namespace stampede::test
