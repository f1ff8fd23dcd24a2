#include "bench/load/protocol.h"

namespace stampede::bench {

std::unique_ptr<Protocol> make_protocol(const ProtocolOptions& options) {
  if (options.name == "stomp") return make_stomp(options);
  if (options.name == "nchan") return make_nchan(options);
  if (options.name == "socketio") return make_socketio(options);
  if (options.name == "raw") return make_raw(options);
  return nullptr;
}

}  // namespace stampede::bench
