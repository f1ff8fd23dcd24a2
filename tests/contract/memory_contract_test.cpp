// The in-process adapters against the contracts of their ports.
#include "shared/adapters/memory/memory.h"
#include "tests/contract/message_bus_contract.h"
#include "tests/contract/message_feed_contract.h"
#include "tests/contract/presence_contract.h"
#include "tests/contract/revocations_contract.h"
#include "tests/contract/user_directory_contract.h"

namespace stampede::test {
namespace {

class MemoryBusFixture final : public BusFixture {
 public:
  std::unique_ptr<MessageBus> make_bus(const GatewayId& gateway) override {
    return std::make_unique<memory::MemoryBus>(broker_, gateway);
  }

 private:
  memory::MemoryBroker broker_;
};

class MemoryFeedFixture final : public FeedFixture {
 public:
  std::unique_ptr<MessageFeed> make_feed() override {
    return std::make_unique<memory::MemoryFeed>(queue_);
  }

 private:
  Metrics metrics_;
  memory::MemoryQueue queue_{{}, metrics_};
};

class MemoryDirectoryFixture final : public DirectoryFixture {
 public:
  std::unique_ptr<RoomDirectory> make_directory(const GatewayId&) override {
    return std::make_unique<memory::MemoryDirectory>(rooms_);
  }

 private:
  memory::MemoryRooms rooms_{{}, system_clock()};
};

/// Programs of one process share one object; each may remember for another time, the shortest
/// rules.
class MemoryRevocationsFixture final : public RevocationsFixture {
 public:
  std::shared_ptr<Revocations> make_revocations(Milliseconds ttl) override {
    if (!shared_ || ttl < ttl_)
      shared_ = std::make_shared<memory::MemoryRevocations>(ttl, system_clock());
    ttl_ = std::min(ttl, ttl_);
    return shared_;
  }

 private:
  Milliseconds ttl_ = Milliseconds::max();
  std::shared_ptr<Revocations> shared_;
};

class MemoryUserDirectoryFixture final : public UserDirectoryFixture {
 public:
  std::shared_ptr<UserDirectory> make_directory(const GatewayId& gateway) override {
    return std::make_shared<memory::MemoryUserDirectory>(users_, gateway);
  }

 private:
  memory::MemoryUsers users_;
};

INSTANTIATE_TEST_SUITE_P(Memory, MessageBusContract,
                         testing::Values([] { return std::make_unique<MemoryBusFixture>(); }));
INSTANTIATE_TEST_SUITE_P(Memory, MessageFeedContract,
                         testing::Values([] { return std::make_unique<MemoryFeedFixture>(); }));
INSTANTIATE_TEST_SUITE_P(Memory, RoomDirectoryContract, testing::Values([] {
                           return std::make_unique<MemoryDirectoryFixture>();
                         }));
INSTANTIATE_TEST_SUITE_P(Memory, UserDirectoryContract, testing::Values([] {
                           return std::make_unique<MemoryUserDirectoryFixture>();
                         }));
INSTANTIATE_TEST_SUITE_P(Memory, PresenceContract, testing::Values([] {
                           return std::make_unique<MemoryDirectoryFixture>();
                         }));
INSTANTIATE_TEST_SUITE_P(Memory, RevocationsContract, testing::Values([] {
                           return std::make_unique<MemoryRevocationsFixture>();
                         }));

}  // namespace
}  // namespace stampede::test
