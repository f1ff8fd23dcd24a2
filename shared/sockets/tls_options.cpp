#include "shared/sockets/tls_options.h"

#include "shared/config/value.h"
#include "shared/sockets/tls_identity.h"

namespace stampede::sockets {

void add_tls_options(config::OptionTable& table, TlsOptions& options) {
  table.group("TLS")
      .add("tls-cert", config::path_value(options.certificate),
           "Certificate in PEM, with the chain behind it. With it and --tls-key clients are served "
           "through TLS 1.2 or newer only. Read again on SIGHUP.")
      .add("tls-key", config::path_value(options.key),
           "Private key of --tls-cert in PEM, without a passphrase. Read again on SIGHUP.")
      .add("tls-handshake-timeout",
           config::duration_value(options.handshake_timeout, Milliseconds(100),
                                  std::chrono::minutes(10)),
           "From a connection to the end of its TLS handshake.");
}

void check_tls(const TlsOptions& options, const config::OptionTable& table,
               std::vector<config::Problem>& problems) {
  if (options.certificate.empty() && options.key.empty()) return;
  if (options.certificate.empty() || options.key.empty()) {
    const bool lacks_key = options.key.empty();
    problems.push_back({table.at(lacks_key ? "tls-cert" : "tls-key").where(),
                        std::string("TLS needs certificate and key; give ") +
                            (lacks_key ? "--tls-key" : "--tls-cert") + " too, or neither"});
    return;
  }
  const LoadedTls loaded = load_tls({options.certificate, options.key});
  const auto report = [&](const char* option, const std::string& file, const std::string& problem) {
    if (!problem.empty()) {
      problems.push_back({table.at(option).where(), "\"" + file + "\" " + problem});
    }
  };
  report("tls-cert", options.certificate, loaded.certificate_problem);
  report("tls-key", options.key, loaded.key_problem);
}

}  // namespace stampede::sockets
