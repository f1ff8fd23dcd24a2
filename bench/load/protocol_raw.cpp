// bench_floor's own: the room is in the path, and what a publisher says goes to every member with
// one send each. The kernel's price of the same work, with no server's around it.
#include "bench/load/protocol.h"
#include "bench/load/websocket.h"

namespace stampede::bench {
namespace {

class Raw final : public Protocol {
 public:
  explicit Raw(const ProtocolOptions& options) : options_(options) {}

  [[nodiscard]] std::string path(const Part& part) const override {
    return std::string(part.role == Role::kMember ? "/sub/" : "/pub/") + std::to_string(part.room);
  }
  Event on_open(const Part&, int&, std::string&) const override { return Event::kReady; }
  Event on_message(const Part&, int&, std::string_view, std::string&) const override {
    return Event::kDelivery;
  }
  void publish(const Part&, std::uint32_t, std::string_view body, std::string& out) const override {
    append_frame(out, Opcode::kText, body);
  }

 private:
  ProtocolOptions options_;
};

}  // namespace

std::unique_ptr<Protocol> make_raw(const ProtocolOptions& options) {
  return std::make_unique<Raw>(options);
}

}  // namespace stampede::bench
