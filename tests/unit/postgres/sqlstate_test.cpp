#include "shared/adapters/postgres/sqlstate.h"

#include <gtest/gtest.h>

namespace stampede::test {
namespace {

using postgres::blames_row;

TEST(SqlStateTest, BlamesTheRowForItsData) {
  for (const char* state :
       {"22021", "22P05", "23505", "23514", "23502", "44000", "54000", "P0001"}) {
    EXPECT_TRUE(blames_row(state)) << state;
  }
}

TEST(SqlStateTest, NeverBlamesTheRowForTheServer) {
  // connection, authorisation, transaction, deadlock, no table, no right, disk full, too many
  // connections, lock, cancelled, shutdown, starting up, I/O, internal
  for (const char* state :
       {"08006", "28P01", "25006", "40001", "40P01", "42P01", "42501", "53100", "53300", "55P03",
        "57014", "57P01", "57P03", "58030", "XX000", "", "2"}) {
    EXPECT_FALSE(blames_row(state)) << state;
  }
}

}  // namespace
}  // namespace stampede::test
