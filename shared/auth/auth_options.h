#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "shared/auth/rights.h"
#include "shared/base/clock.h"
#include "shared/config/endpoint.h"
#include "shared/config/option_table.h"
#include "shared/config/parsed.h"

namespace stampede::auth {

/// Who may come in and what they may do; the initial values are the defaults. The same group of
/// options in every program that clients talk to.
struct AuthOptions {
  bool allow_anonymous = false;  ///< doors for everybody on addresses that others can reach
  std::string users_file;
  std::string jwt_keys;
  std::string jwt_algorithm;  ///< of a single key; empty: as the key's kind says
  std::string jwt_issuer;     ///< empty: not checked
  std::string jwt_audience;   ///< empty: not checked
  Milliseconds jwt_leeway{30'000};
  Milliseconds token_grace{10'000};
  Rights default_rights = Rights::everything();
  std::string admin_key_file;
  Milliseconds revocation_ttl{24 * 3'600'000};

  std::size_t login_threads = 1;
  std::size_t login_queue = 256;
  Milliseconds login_delay{1'000};
  Milliseconds login_delay_max{10'000};

  /// Whether clients have to prove who they are.
  [[nodiscard]] bool enabled() const noexcept { return !users_file.empty() || !jwt_keys.empty(); }
};

/// Adds the group "Authentication"; `options` outlives the table.
void add_auth_options(config::OptionTable& table, AuthOptions& options);
/// What is wrong with several of them together; for the program's CrossCheck.
void check_auth_options(const AuthOptions& options, const config::OptionTable& table,
                        std::vector<config::Problem>& problems);

/// An option that says where clients come in, and where that is.
struct Door {
  const char* option;
  config::Endpoint endpoint;
};

/// Adds a problem for each door that other machines can reach although nobody has to log in there
/// and nobody said that this is meant.
void check_doors(const AuthOptions& options, const std::vector<Door>& doors,
                 const config::OptionTable& table, std::vector<config::Problem>& problems);

}  // namespace stampede::auth
