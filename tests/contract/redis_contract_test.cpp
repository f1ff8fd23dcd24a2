// The Redis directory against the contract of its port. Needs STAMPEDE_TEST_REDIS_URL.
#include "tests/contract/presence_contract.h"
#include "tests/contract/redis_client.h"
#include "tests/contract/redis_gateway.h"
#include "tests/contract/revocations_contract.h"
#include "tests/contract/user_directory_contract.h"

namespace stampede::test {
namespace {

class RedisDirectoryFixture final : public DirectoryFixture {
 public:
  ~RedisDirectoryFixture() override {
    for (const std::string& key : client_.keys(prefix_ + ":*")) client_.run({"UNLINK", key});
  }

  std::unique_ptr<RoomDirectory> make_directory(const GatewayId& gateway) override {
    redis::Options options;
    options.url = url_;
    options.gateway = gateway;
    options.prefix = prefix_;
    options.lease = Milliseconds(3'000);  // short, so that a new key space is proven soon
    auto made = std::make_unique<RedisGateway>(options);
    made->wait_ready();
    return made;
  }

 private:
  const std::string url_ = test_redis_url();
  const std::string prefix_ = "stampede-test-" + random_hex(6);
  RedisClient client_{url_};
};

/// Workers, so that the test's gateways are not counted.
class RedisRevocationsFixture final : public RevocationsFixture {
 public:
  ~RedisRevocationsFixture() override {
    for (const std::string& key : client_.keys(prefix_ + ":*")) client_.run({"UNLINK", key});
  }

  std::shared_ptr<Revocations> make_revocations(Milliseconds ttl) override {
    redis::Options options;
    options.url = url_;
    options.prefix = prefix_;
    options.revocation_ttl = ttl;
    options.revocation_poll = Milliseconds(50);
    auto made = std::make_shared<RedisGateway>(options);
    made->wait_ready();
    Revocations& port = made->revocations();
    return {std::move(made), &port};
  }

 private:
  const std::string url_ = test_redis_url();
  const std::string prefix_ = "stampede-test-" + random_hex(6);
  RedisClient client_{url_};
};

class RedisUserDirectoryFixture final : public UserDirectoryFixture {
 public:
  ~RedisUserDirectoryFixture() override {
    for (const std::string& key : client_.keys(prefix_ + ":*")) client_.run({"UNLINK", key});
  }

  std::shared_ptr<UserDirectory> make_directory(const GatewayId& gateway) override {
    redis::Options options;
    options.url = url_;
    options.gateway = gateway;
    options.prefix = prefix_;
    auto made = std::make_shared<RedisGateway>(options);
    made->wait_ready();
    UserDirectory& port = made->users();
    return {std::move(made), &port};
  }

 private:
  const std::string url_ = test_redis_url();
  const std::string prefix_ = "stampede-test-" + random_hex(6);
  RedisClient client_{url_};
};

INSTANTIATE_TEST_SUITE_P(Redis, UserDirectoryContract, testing::Values([] {
                           return std::make_unique<RedisUserDirectoryFixture>();
                         }));
INSTANTIATE_TEST_SUITE_P(Redis, RevocationsContract, testing::Values([] {
                           return std::make_unique<RedisRevocationsFixture>();
                         }));
INSTANTIATE_TEST_SUITE_P(Redis, RoomDirectoryContract,
                         testing::Values([] { return std::make_unique<RedisDirectoryFixture>(); }));
INSTANTIATE_TEST_SUITE_P(Redis, PresenceContract,
                         testing::Values([] { return std::make_unique<RedisDirectoryFixture>(); }));

}  // namespace
}  // namespace stampede::test
