#pragma once

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

#include "shared/adapters/postgres/connection.h"
#include "shared/adapters/postgres/postgres.h"
#include "shared/base/ids.h"
#include "tests/contract/store_client.h"

namespace stampede::test {

/// The database that the tests may use; every test works in a schema of its own.
inline std::string database_url() {
  const char* url = std::getenv("STAMPEDE_TEST_DATABASE_URL");
  if (url == nullptr || *url == '\0') {
    throw std::runtime_error(
        "STAMPEDE_TEST_DATABASE_URL is not set; it names a PostgreSQL database that the tests may "
        "write to, such as postgresql://postgres@127.0.0.1:5432/postgres (scripts/test sets it)");
  }
  return url;
}

/// `url` with one more parameter.
inline std::string with_parameter(const std::string& url, const std::string& parameter) {
  return url + (url.find('?') == std::string::npos ? '?' : '&') + parameter;
}

/// A connection for a test's own statements. Blocks; throws on errors.
class Sql {
 public:
  explicit Sql(const std::string& url) {
    db_.open(url, std::chrono::seconds(10), std::chrono::seconds(30)).value();
  }
  void run(const std::string& sql) { db_.run(sql.c_str()).value(); }
  std::string value(const std::string& sql) {
    const auto rows = db_.run(sql.c_str()).value();
    return rows.count() == 0 ? std::string() : std::string(rows.bytes(0, 0));
  }
  postgres::Connection& connection() { return db_; }

 private:
  postgres::WakeUp never_;
  postgres::Connection db_{never_};
};

/// A schema that vanishes with it.
class Schema {
 public:
  Schema() { Sql(database_url()).run("CREATE SCHEMA " + name_); }
  ~Schema() { Sql(database_url()).run("DROP SCHEMA " + name_ + " CASCADE"); }
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  /// Connects with nothing but this schema in the search path; `application` tells the connections
  /// of one store from all others in pg_stat_activity.
  [[nodiscard]] std::string url() const {
    return with_parameter(database_url(), "options=-csearch_path%3D" + name_) +
           "&application_name=" + name_;
  }
  /// Ends the connections of stores on this schema, as a restart of the server would.
  void disconnect_all() const {
    Sql(database_url())
        .run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '" +
             name_ + "'");
  }

 private:
  const std::string name_ = "stampede_test_" + random_hex(8);
};

class PostgresFixture final : public StoreFixture {
 public:
  explicit PostgresFixture(std::size_t readers = 2) {
    postgres::Options options;
    options.url = schema_.url();
    options.readers = readers;
    store_ = postgres::make_store(options, metrics_, health_).value();
    if (!eventually([this] { return health_.ready(); })) {
      throw std::runtime_error("the store did not connect: " + health_.components()[0].reason);
    }
  }
  MessageStore& store() override { return *store_; }
  StoredChains& chains() { return *store_; }
  Schema& schema() { return schema_; }
  Health& health() { return health_; }
  Metrics& metrics() { return metrics_; }
  void destroy_store() { store_.reset(); }

 private:
  Schema schema_;
  Metrics metrics_;
  Health health_;
  std::unique_ptr<postgres::Store> store_;
};

}  // namespace stampede::test
