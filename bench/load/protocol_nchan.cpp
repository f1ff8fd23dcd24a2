// nchan, the publish-subscribe module of nginx: the room is in the path, messages are bare. Its
// publishers over WebSocket get one line of statistics for each message, which is the confirmation.
#include "bench/load/protocol.h"
#include "bench/load/websocket.h"

namespace stampede::bench {
namespace {

class Nchan final : public Protocol {
 public:
  explicit Nchan(const ProtocolOptions& options) : options_(options) {}

  [[nodiscard]] std::string path(const Part& part) const override {
    return std::string(part.role == Role::kMember ? "/sub/" : "/pub/") + options_.room_prefix +
           std::to_string(part.room);
  }
  Event on_open(const Part&, int&, std::string&) const override { return Event::kReady; }
  Event on_message(const Part& part, int&, std::string_view, std::string&) const override {
    return part.role == Role::kMember ? Event::kDelivery : Event::kConfirmed;
  }
  void publish(const Part&, std::uint32_t, std::string_view body, std::string& out) const override {
    append_frame(out, Opcode::kText, body);
  }
  [[nodiscard]] bool confirms() const noexcept override { return true; }

 private:
  ProtocolOptions options_;
};

}  // namespace

std::unique_ptr<Protocol> make_nchan(const ProtocolOptions& options) {
  return std::make_unique<Nchan>(options);
}

}  // namespace stampede::bench
