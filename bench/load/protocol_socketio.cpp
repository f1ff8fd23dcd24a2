// Socket.IO 4 (Engine.IO protocol 4, Socket.IO protocol 5) on WebSocket alone, against the chat
// server in bench/peers/socketio.
#include "bench/load/protocol.h"
#include "bench/load/websocket.h"

namespace stampede::bench {
namespace {

class SocketIo final : public Protocol {
 public:
  explicit SocketIo(const ProtocolOptions& options) : options_(options) {}

  [[nodiscard]] std::string path(const Part&) const override {
    return "/socket.io/?EIO=4&transport=websocket";
  }
  Event on_open(const Part&, int&, std::string&) const override { return Event::kNothing; }

  Event on_message(const Part& part, int&, std::string_view payload,
                   std::string& out) const override {
    if (payload.starts_with("42")) return Event::kDelivery;
    if (payload.starts_with("43")) {
      return part.role == Role::kMember ? Event::kReady : Event::kConfirmed;
    }
    if (payload.starts_with("44")) return Event::kRefused;
    if (payload.starts_with("40")) {
      if (part.role == Role::kPublisher) return Event::kReady;
      append_frame(out, Opcode::kText, "420[\"join\",\"" + room(part) + "\"]");
    } else if (payload.starts_with("0")) {
      append_frame(out, Opcode::kText, "40");
    } else if (payload == "2") {
      append_frame(out, Opcode::kText, "3");
    }
    return Event::kNothing;
  }

  void publish(const Part& part, std::uint32_t number, std::string_view body,
               std::string& out) const override {
    std::string packet = "42" + (options_.receipts ? std::to_string(number) : std::string());
    packet += "[\"send\",\"" + room(part) + "\",\"";
    packet += body;
    append_frame(out, Opcode::kText, packet + "\"]");
  }
  [[nodiscard]] bool confirms() const noexcept override { return options_.receipts; }

 private:
  [[nodiscard]] std::string room(const Part& part) const {
    return options_.room_prefix + std::to_string(part.room);
  }

  ProtocolOptions options_;
};

}  // namespace

std::unique_ptr<Protocol> make_socketio(const ProtocolOptions& options) {
  return std::make_unique<SocketIo>(options);
}

}  // namespace stampede::bench
