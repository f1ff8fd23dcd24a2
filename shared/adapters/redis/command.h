#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/adapters/redis/scripts.h"

namespace stampede::redis {

/// One command as it is sent: a plain one, or a call of a script.
class Command {
 public:
  explicit Command(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {}

  /// A call of `script`; the connection fills in how it is called.
  static Command call(Script script, std::vector<std::string> keys,
                      std::vector<std::string> arguments) {
    std::vector<std::string> all;
    all.reserve(3 + keys.size() + arguments.size());
    all.emplace_back();
    all.emplace_back();
    all.push_back(std::to_string(keys.size()));
    for (std::string& key : keys) all.push_back(std::move(key));
    for (std::string& argument : arguments) all.push_back(std::move(argument));
    Command out(std::move(all));
    out.script_ = script;
    return out;
  }

  void call_by_digest(const std::string& sha1) { call_as("EVALSHA", sha1); }
  void call_by_source() { call_as("EVAL", std::string(source_of(*script_))); }

  [[nodiscard]] std::optional<Script> script() const { return script_; }
  [[nodiscard]] const std::vector<std::string>& arguments() const { return arguments_; }
  /// For metrics and messages: the script's name, or the Redis command.
  [[nodiscard]] std::string_view name() const {
    return script_ ? name_of(*script_) : std::string_view(arguments_.front());
  }
  [[nodiscard]] std::size_t bytes() const {
    std::size_t out = 0;
    for (const std::string& argument : arguments_) out += argument.size() + 16;
    return out;
  }

 private:
  void call_as(const char* how, std::string what) {
    arguments_[0] = how;
    arguments_[1] = std::move(what);
  }

  std::vector<std::string> arguments_;
  std::optional<Script> script_;
};

}  // namespace stampede::redis
