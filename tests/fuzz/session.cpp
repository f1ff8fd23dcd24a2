// Input: a script. Lines that begin with `!` are what the world does, everything else is what the
// current client sends, as a stream:
//
//     !as N               the client that is meant from here on, 0 to 2; at first 0
//     !run                what has been posted runs; every other line ends with that, too
//     !pass MS            time passes
//     !confirm N          the feed confirms the client's append number N of those that wait
//     !refuse N           the feed refuses it
//     !bind N             the bus answers the bind number N of those that wait
//     !refuse-bind N
//     !remote ROOM BODY   a client of another gateway sends a message …
//     !arrive N           … and number N of those comes here, in whatever order
//     !direct USER NAME BODY   one for a user's queue comes from another gateway
//     !directory MODE     `slow`: it answers no more; `away`: with an error; `here`: as it should
//     !logins MODE        `slow`: nobody is told whether they may come in; `here`: at once
//     !revoke USER        whoever is called so may be here no longer
//     !close              the client's connection is gone
//     !overflow           the client does not read
//     !shutdown           the gateway drains
//
// Promises: what session_oracle.h and session_client.cpp require.
#include "shared/base/log.h"
#include "tests/fuzz/notation.h"
#include "tests/fuzz/session_world.h"
#include "tests/fuzz/targets.h"

namespace stampede::fuzz {
namespace {

/// What is warned of here is provoked.
void be_quiet() {
  static const bool done = [] {
    start_logging(LogLevel::kError, LogFormat::kText);
    return true;
  }();
  static_cast<void>(done);
}

}  // namespace

void session(std::string_view input) {
  be_quiet();
  static Metrics metrics;  // takes longer to build than a session takes to run
  SessionWorld world(metrics);
  std::string bytes;
  const auto flush = [&] {
    if (!bytes.empty()) world.receive(parse_stream(bytes).pieces);
    bytes.clear();
  };
  while (!input.empty()) {
    const std::string_view line = take_line(input);
    if (line.starts_with('!')) {
      flush();
      world.play(line.substr(1));
    } else {
      bytes.append(line).append("\n");
    }
  }
  flush();
  world.end();
}

}  // namespace stampede::fuzz
