#include "tests/unit/rooms/room_fixture.h"

namespace stampede::gateway {
namespace {

/// Forwards everything, and keeps the questions for positions until the test answers them.
class SlowDirectory final : public RoomDirectory {
 public:
  explicit SlowDirectory(RoomDirectory& real) : real_(real) {}

  void sequence(std::vector<SequenceRequest> batch,
                Reply<std::vector<Result<Sequenced>>> sequenced) override {
    real_.sequence(std::move(batch), std::move(sequenced));
  }
  void enter(std::vector<Member> members, Reply<std::vector<Result<Seq>>> entered) override {
    real_.enter(std::move(members), std::move(entered));
  }
  void leave(std::vector<Member> members) override { real_.leave(std::move(members)); }
  void recent(RoomName room, Seq after, std::size_t limit,
              Reply<Result<std::vector<MessageRef>>> found) override {
    real_.recent(std::move(room), after, limit, std::move(found));
  }
  void last(std::vector<RoomName> rooms, Reply<Result<std::vector<Seq>>> found) override {
    ++asked;
    waiting.emplace_back(std::move(rooms), std::move(found));
  }
  void rooms(RoomsQuery query, Reply<Result<std::vector<RoomSummary>>> found) override {
    real_.rooms(std::move(query), std::move(found));
  }
  void members(RoomName room, Reply<Result<std::vector<Member>>> found) override {
    real_.members(std::move(room), std::move(found));
  }

  void answer_all() {
    for (auto& [rooms, found] : std::exchange(waiting, {})) real_.last(rooms, found);
  }

  int asked = 0;
  std::vector<std::pair<std::vector<RoomName>, Reply<Result<std::vector<Seq>>>>> waiting;

 private:
  RoomDirectory& real_;
};

TEST_F(RoomRegistryTest, ADirectoryThatIsSlowIsAskedOnceAtATime) {
  SlowDirectory slow(directory_);
  RoomRegistry registry(executor_, clock_, {}, slow, directory_, backlog_, dispatcher_, fanout_,
                        metrics_);
  Listener listener;
  registry.subscribe(Member{kRoom, SessionId("s1"), UserId("ann"), 0}, listener,
                     [](const auto&) {});
  executor_.run();
  for (int i = 0; i < 10; ++i) pass(Seconds(5));
  EXPECT_EQ(slow.asked, 1);
  slow.answer_all();
  executor_.run();
  pass(Seconds(5));
  EXPECT_EQ(slow.asked, 2) << "and goes on when it has answered";
  slow.answer_all();
  executor_.run();
}

}  // namespace
}  // namespace stampede::gateway
