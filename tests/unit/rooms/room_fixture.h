#pragma once

#include <gtest/gtest.h>

#include <limits>
#include <optional>

#include "gateway/rooms/room_registry.h"
#include "shared/adapters/memory/memory.h"
#include "tests/support/fake_bus.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_history.h"
#include "tests/support/manual_executor.h"

namespace stampede::gateway {
using test::FakeBus;
using test::FakeClock;
using test::ManualExecutor;

inline const RoomName kRoom = *parse_room_name("lobby");

/// Keeps the seq header of each MESSAGE.
class Listener final : private FrameSink, public Subscriber {
 public:
  explicit Listener(std::string id = "sub-0", bool watches_presence = false)
      : Subscriber(static_cast<FrameSink&>(*this), stomp::Version::kV12, std::move(id), false,
                   watches_presence) {}
  void deliver_individually(const MessageRef&) override { FAIL() << "it acknowledges by itself"; }
  [[nodiscard]] bool has_room() const override { return frames.size() < takes; }

  std::vector<Seq> seqs;
  std::vector<std::string> frames;
  std::optional<Result<Seq>> live;
  Started started;
  std::size_t live_at = 0;  ///< how many frames it had then
  std::size_t takes = std::numeric_limits<std::size_t>::max();

 private:
  void send(Slice slice) override {
    slice.for_each_frame([this](std::string_view, std::string_view text) {
      const std::size_t at = text.find("\nseq:");
      seqs.push_back(at == std::string_view::npos ? 0
                                                  : std::stoll(std::string(text.substr(at + 5))));
      frames.emplace_back(text);
    });
  }
};

class RoomRegistryTest : public testing::Test {
 protected:
  void SetUp() override { dispatcher_.start(); }

  void subscribe(Listener& listener, const std::string& session = "s1", Replay replay = {},
                 const std::string& user = "ann") {
    registry_.subscribe(
        Member{kRoom, SessionId(session), UserId(user), 0}, listener,
        [&listener](const Result<Started>& started) {
          listener.live = started ? Result<Seq>(started->position) : started.error();
          if (started) listener.started = *started;
          listener.live_at = listener.frames.size();
        },
        replay);
  }

  /// What another gateway sends: sequenced by the shared directory.
  MessageRef sent_elsewhere() {
    Message message;
    message.id = new_message_id();
    message.room = kRoom;
    message.origin = GatewayId("other");
    auto unplaced = std::make_shared<const Message>(message);
    MessageRef placed;
    elsewhere_.sequence({{unplaced, kNoSeq}},
                        Reply<std::vector<Result<Sequenced>>>(
                            executor_, [&](const std::vector<Result<Sequenced>>& places) {
                              placed = with_position(*unplaced, places[0]->position);
                            }));
    executor_.run();
    return placed;
  }

  std::size_t members() {
    std::size_t count = 0;
    elsewhere_.members(kRoom, Reply<Result<std::vector<Member>>>(
                                  executor_, [&](const Result<std::vector<Member>>& found) {
                                    count = found->size();
                                  }));
    executor_.run();
    return count;
  }

  void pass(Milliseconds time) {
    clock_.advance(time);
    executor_.advance(time);
  }

  FakeClock clock_;
  ManualExecutor executor_;
  Metrics metrics_;
  FakeBus bus_;
  LocalFanout fanout_;
  memory::MemoryRooms rooms_{{}, clock_};
  memory::MemoryDirectory directory_{rooms_};
  memory::MemoryDirectory elsewhere_{rooms_};
  Dispatcher dispatcher_{executor_, clock_, bus_, fanout_, GatewayId("me"), {}, metrics_};
  test::FakeHistory history_;
  Backlog backlog_{executor_, clock_, {}, directory_, &history_, metrics_};
  RoomRegistry registry_{executor_, clock_,      {},      directory_, directory_,
                         backlog_,  dispatcher_, fanout_, metrics_};
};

}  // namespace stampede::gateway
