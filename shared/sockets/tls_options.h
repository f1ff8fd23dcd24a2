#pragma once

#include <string>
#include <vector>

#include "shared/base/clock.h"
#include "shared/config/option_table.h"
#include "shared/config/parsed.h"

namespace stampede::sockets {

/// How a program shows its clients who it is. The initial values are the defaults.
struct TlsOptions {
  std::string certificate;  ///< empty, like the key: clients are served in the clear
  std::string key;
  Milliseconds handshake_timeout{10'000};

  [[nodiscard]] bool enabled() const noexcept { return !certificate.empty(); }
};

/// The group "TLS", the same in both programs. `options` outlives the table.
void add_tls_options(config::OptionTable& table, TlsOptions& options);

/// Reads the files and reports whatever is wrong with them, each under its option.
void check_tls(const TlsOptions& options, const config::OptionTable& table,
               std::vector<config::Problem>& problems);

}  // namespace stampede::sockets
