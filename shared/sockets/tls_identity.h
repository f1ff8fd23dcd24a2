#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <mutex>
#include <string>

#include "shared/base/clock.h"
#include "shared/base/error.h"
#include "shared/base/metrics.h"
#include "shared/sockets/tls_channel.h"

namespace stampede::sockets {

struct TlsFiles {
  std::string certificate;  ///< PEM: the server's own first, then the chain up to its root
  std::string key;          ///< PEM, without a passphrase
};

/// What came of reading two files: a context, or what is wrong with one or both.
struct LoadedTls {
  std::shared_ptr<SSL_CTX> context;  ///< none when there is a problem
  std::string certificate_problem;   ///< each says what is wrong and not in which file
  std::string key_problem;
  Seconds not_after{0};  ///< end of the certificate's time, since 1970
};

/// Blocks for as long as reading the files takes. TLS 1.2 and newer, ciphers with forward secrecy
/// only, no renegotiation, session tickets but no session cache.
LoadedTls load_tls(const TlsFiles& files);

/// The certificate that a server shows, which can be exchanged while it runs: connections that are
/// there go on with the one they began with. Any thread. `Metrics` outlives it.
class TlsIdentity {
 public:
  /// The error names every file with its problem.
  static Result<std::shared_ptr<TlsIdentity>> load(TlsFiles files, Metrics& metrics);

  /// Reads the files again. When they are broken the old ones stay in use; either is logged and
  /// counted.
  void reload();

  /// The server's side of a new connection; the socket outlives it.
  [[nodiscard]] std::unique_ptr<TlsChannel> open_channel(int socket) const;

 private:
  TlsIdentity(TlsFiles files, Metrics& metrics);
  Result<void> read();

  const TlsFiles files_;
  Counter reloaded_;
  Counter not_reloaded_;
  Gauge not_after_;
  mutable std::mutex mutex_;
  std::shared_ptr<SSL_CTX> context_;  ///< guarded by mutex_
};

}  // namespace stampede::sockets
