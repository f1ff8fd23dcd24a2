// The PostgreSQL adapter against its port's contract.
#include "tests/contract/message_store_contract.h"
#include "tests/contract/postgres_fixture.h"

namespace stampede::test {
namespace {

INSTANTIATE_TEST_SUITE_P(Postgres, MessageStoreContract,
                         testing::Values([] { return std::make_unique<PostgresFixture>(); }));

}  // namespace
}  // namespace stampede::test
