// STOMP 1.2 over WebSocket: Stampede and RabbitMQ's Web STOMP plugin.
#include "bench/load/protocol.h"
#include "bench/load/websocket.h"

namespace stampede::bench {
namespace {

using namespace std::string_literals;

class Stomp final : public Protocol {
 public:
  explicit Stomp(const ProtocolOptions& options) : options_(options) {}

  [[nodiscard]] std::string path(const Part&) const override {
    return options_.path.empty() ? "/ws" : options_.path;
  }
  [[nodiscard]] std::string_view subprotocol() const override { return "v12.stomp"; }

  Event on_open(const Part& part, int&, std::string& out) const override {
    std::string frame = "CONNECT\naccept-version:1.2\nhost:/\nheart-beat:0,0\n";
    frame += "login:" + (options_.login.empty() ? name_of(part) : options_.login) + "\n";
    if (!options_.passcode.empty()) frame += "passcode:" + options_.passcode + "\n";
    append_frame(out, Opcode::kText, frame + "\n\0"s);
    return Event::kNothing;
  }

  Event on_message(const Part& part, int& step, std::string_view payload,
                   std::string& out) const override {
    if (payload.starts_with("MESSAGE")) return Event::kDelivery;
    if (payload.starts_with("RECEIPT")) {
      return step++ == kSubscribing && part.role == Role::kMember ? Event::kReady
                                                                  : Event::kConfirmed;
    }
    if (payload.starts_with("CONNECTED")) {
      step = kSubscribing;
      if (part.role == Role::kPublisher) return Event::kReady;
      std::string frame =
          "SUBSCRIBE\nid:sub-0\nreceipt:live\ndestination:" + destination(part) + "\n";
      if (!part.since.empty()) frame += "since:" + part.since + "\n";
      append_frame(out, Opcode::kText, frame + "\n\0"s);
      return Event::kNothing;
    }
    return payload.starts_with("ERROR") ? Event::kRefused : Event::kNothing;
  }

  /// Stampede's RECEIPT of a SUBSCRIBE has a header `seq`.
  [[nodiscard]] std::string position(std::string_view payload) const override {
    constexpr std::string_view kHeader = "\nseq:";
    const std::size_t at = payload.find(kHeader);
    if (at == std::string_view::npos) return {};
    const std::string_view value = payload.substr(at + kHeader.size());
    return std::string(value.substr(0, value.find('\n')));
  }

  void publish(const Part& part, std::uint32_t number, std::string_view body,
               std::string& out) const override {
    std::string frame = "SEND\ndestination:" + destination(part) + "\n";
    if (options_.receipts) frame += "receipt:" + std::to_string(number) + "\n";
    frame += "content-type:text/plain\n\n";
    frame += body;
    frame.push_back('\0');
    append_frame(out, Opcode::kText, frame);
  }
  [[nodiscard]] bool confirms() const noexcept override { return options_.receipts; }

 private:
  static constexpr int kSubscribing = 1;

  [[nodiscard]] std::string destination(const Part& part) const {
    return "/topic/" + options_.room_prefix + std::to_string(part.room);
  }
  static std::string name_of(const Part& part) {
    return (part.role == Role::kMember ? "member-" : "publisher-") + std::to_string(part.number);
  }

  ProtocolOptions options_;
};

}  // namespace

std::unique_ptr<Protocol> make_stomp(const ProtocolOptions& options) {
  return std::make_unique<Stomp>(options);
}

}  // namespace stampede::bench
