#include "shared/sockets/tls_identity.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <fstream>
#include <new>

#include "shared/base/log.h"

namespace stampede::sockets {
namespace {

constexpr const char* kTls12Ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

std::shared_ptr<SSL_CTX> make_context() {
  std::shared_ptr<SSL_CTX> context(::SSL_CTX_new(::TLS_server_method()), ::SSL_CTX_free);
  if (!context) throw std::bad_alloc();
  SSL_CTX* const raw = context.get();
  ::SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  ::SSL_CTX_set_cipher_list(raw, kTls12Ciphers);
  // A peer that ends the stream without saying goodbye has left: STOMP, WebSocket and HTTP know by
  // themselves whether what they have is whole.
  ::SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
  ::SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  ::SSL_CTX_set_read_ahead(raw, 1);
  ::SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  // Nobody is there to be asked for a passphrase.
  ::SSL_CTX_set_default_passwd_cb(raw, [](char*, int, int, void*) { return -1; });
  return context;
}

/// Why the file cannot be read at all, or nothing.
std::string reading_problem(const std::string& path) {
  errno = 0;
  const std::ifstream file(path);
  if (!file) return std::string("cannot be read: ") + std::strerror(errno);
  return {};
}

/// After a call of OpenSSL that failed over a PEM file; `what` it should hold.
std::string pem_problem(const char* what) {
  std::string problem = std::string("holds no ") + what + " in PEM form";
  for (unsigned long error = ::ERR_get_error(); error != 0; error = ::ERR_get_error()) {
    const int library = ERR_GET_LIB(error);
    const int reason = ERR_GET_REASON(error);
    if (library == ERR_LIB_PEM && (reason == PEM_R_BAD_PASSWORD_READ)) {
      problem = "is protected by a passphrase; give a key without one";
      break;
    }
    if (library == ERR_LIB_X509 &&
        (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH)) {
      problem = "does not belong to the certificate";
      break;
    }
    // "ee key too small" and the like: the file is what it should be.
    if (library == ERR_LIB_SSL && ERR_COMMON_ERROR(error) == 0) {
      problem = std::string("cannot be used: ") + ::ERR_reason_error_string(error);
      break;
    }
  }
  ::ERR_clear_error();
  return problem;
}

Seconds end_of_time(SSL_CTX* context) {
  std::tm time{};
  const X509* const certificate = ::SSL_CTX_get0_certificate(context);
  if (::ASN1_TIME_to_tm(::X509_get0_notAfter(certificate), &time) != 1) return Seconds(0);
  return Seconds(::timegm(&time));
}

void warn_of_expiry(const TlsFiles& files, Seconds not_after) {
  const Seconds left = not_after - std::chrono::duration_cast<Seconds>(
                                       std::chrono::system_clock::now().time_since_epoch());
  if (left.count() > 0) return;
  log_warn("the TLS certificate has expired; clients will refuse it",
           {{"file", files.certificate}, {"not_after", not_after.count()}});
}

}  // namespace

LoadedTls load_tls(const TlsFiles& files) {
  LoadedTls loaded;
  const std::shared_ptr<SSL_CTX> context = make_context();
  ::ERR_clear_error();
  loaded.certificate_problem = reading_problem(files.certificate);
  loaded.key_problem = reading_problem(files.key);
  if (loaded.certificate_problem.empty() &&
      ::SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1) {
    loaded.certificate_problem = pem_problem("certificate");
  }
  // With the certificate in place this also tells whether they belong together.
  if (loaded.key_problem.empty() &&
      ::SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    loaded.key_problem = pem_problem("private key");
  }
  if (!loaded.certificate_problem.empty() || !loaded.key_problem.empty()) return loaded;
  loaded.not_after = end_of_time(context.get());
  loaded.context = context;
  return loaded;
}

TlsIdentity::TlsIdentity(TlsFiles files, Metrics& metrics)
    : files_(std::move(files)),
      reloaded_(metrics.counter("stampede_tls_reloads_total",
                                "Times that certificate and key were read again, by the outcome.",
                                {{"result", "ok"}})),
      not_reloaded_(
          metrics.counter("stampede_tls_reloads_total",
                          "Times that certificate and key were read again, by the outcome.",
                          {{"result", "failed"}})),
      not_after_(metrics.gauge("stampede_tls_certificate_not_after_seconds",
                               "When the certificate in use expires, since 1970.")) {}

Result<std::shared_ptr<TlsIdentity>> TlsIdentity::load(TlsFiles files, Metrics& metrics) {
  std::shared_ptr<TlsIdentity> identity(new TlsIdentity(std::move(files), metrics));
  if (auto loaded = identity->read(); !loaded) return loaded.error();
  return identity;
}

Result<void> TlsIdentity::read() {
  LoadedTls loaded = load_tls(files_);
  if (!loaded.context) {
    std::string text;
    if (!loaded.certificate_problem.empty()) {
      text = files_.certificate + " " + loaded.certificate_problem;
    }
    if (!loaded.key_problem.empty()) {
      text += (text.empty() ? "" : "; ") + files_.key + " " + loaded.key_problem;
    }
    return Error(Errc::kInvalidArgument, text);
  }
  warn_of_expiry(files_, loaded.not_after);
  not_after_.set(static_cast<double>(loaded.not_after.count()));
  const std::lock_guard lock(mutex_);
  context_ = std::move(loaded.context);
  return {};
}

void TlsIdentity::reload() {
  if (const auto loaded = read(); !loaded) {
    not_reloaded_.add();
    log_error("TLS certificate not reloaded, the old one stays in use",
              {{"reason", loaded.error().detail}});
    return;
  }
  reloaded_.add();
  log_info("TLS certificate reloaded", {{"file", files_.certificate}});
}

std::unique_ptr<TlsChannel> TlsIdentity::open_channel(int socket) const {
  std::shared_ptr<SSL_CTX> context;
  {
    const std::lock_guard lock(mutex_);
    context = context_;
  }
  SslHandle ssl(::SSL_new(context.get()));
  if (!ssl) throw std::bad_alloc();
  return std::make_unique<TlsChannel>(std::move(ssl), socket);
}

}  // namespace stampede::sockets
