#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace stampede::bench {

enum class Role : std::uint8_t { kMember, kPublisher };

/// Who a connection is.
struct Part {
  Role role = Role::kMember;
  std::size_t number = 0;  ///< among those of its role
  std::size_t room = 0;
  std::string since{};  ///< the position that a member comes back with; empty: it was never there
};

enum class Event : std::uint8_t {
  kNothing,
  kReady,      ///< a member hears its room, a publisher may send
  kDelivery,   ///< a message of the room
  kConfirmed,  ///< the oldest unconfirmed message of this publisher is safe
  kRefused,    ///< the server said no; the payload says why
};

/// What a server's clients say over their WebSocket. Stateless between connections: how far a
/// connection is stands in `step`, which begins at 0.
class Protocol {
 public:
  virtual ~Protocol() = default;

  [[nodiscard]] virtual std::string path(const Part& part) const = 0;
  [[nodiscard]] virtual std::string_view subprotocol() const { return {}; }
  /// The connection is upgraded: appends what the client says first, or is ready already.
  virtual Event on_open(const Part& part, int& step, std::string& out) const = 0;
  /// One message of the server. Answers go to `out`, framed.
  virtual Event on_message(const Part& part, int& step, std::string_view payload,
                           std::string& out) const = 0;
  /// Appends one published message, framed. `number` counts from 1 for each publisher.
  virtual void publish(const Part& part, std::uint32_t number, std::string_view body,
                       std::string& out) const = 0;
  /// The position in the room that the message which made a member ready tells; empty where the
  /// protocol has none, and nobody can come back.
  [[nodiscard]] virtual std::string position(std::string_view) const { return {}; }
  /// Whether every published message is answered by kConfirmed.
  [[nodiscard]] virtual bool confirms() const noexcept { return false; }
};

struct ProtocolOptions {
  std::string name;         ///< one of protocol_names()
  std::string path;         ///< of the upgrade; empty: the protocol's usual one
  std::string room_prefix;  ///< rooms are called <prefix><number>
  std::string login;
  std::string passcode;
  bool receipts = true;  ///< where the protocol has them
};

inline constexpr std::string_view kProtocolNames = "stomp, nchan, socketio, raw";

/// nullptr for a name that is none of kProtocolNames.
std::unique_ptr<Protocol> make_protocol(const ProtocolOptions& options);

// One factory for each, in protocol_<name>.cpp.
std::unique_ptr<Protocol> make_stomp(const ProtocolOptions& options);
std::unique_ptr<Protocol> make_nchan(const ProtocolOptions& options);
std::unique_ptr<Protocol> make_socketio(const ProtocolOptions& options);
std::unique_ptr<Protocol> make_raw(const ProtocolOptions& options);

}  // namespace stampede::bench
