// amqps:// through a front that speaks TLS for the broker, with a certificate made for the test.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <cstdio>
#include <filesystem>

#include "tests/contract/rabbitmq_process.h"

namespace stampede::test {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using TlsStream = asio::ssl::stream<Tcp::socket>;

/// A self-signed certificate for `localhost` and its key, as PEM files that vanish with it.
class Certificate {
 public:
  Certificate() {
    std::filesystem::create_directory(folder_);
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    const std::string host = "localhost";
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(host.data()),
                               static_cast<int>(host.size()), -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
    X509_add_ext(certificate, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate, key, EVP_sha256());
    write(file(), [&](std::FILE* out) { PEM_write_X509(out, certificate); });
    write(key_file(), [&](std::FILE* out) {
      PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~Certificate() { std::filesystem::remove_all(folder_); }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  [[nodiscard]] std::string file() const { return folder_ / "certificate.pem"; }
  [[nodiscard]] std::string key_file() const { return folder_ / "key.pem"; }

 private:
  static void write(const std::string& path, const std::function<void(std::FILE*)>& put) {
    std::FILE* out = std::fopen(path.c_str(), "w");
    put(out);
    std::fclose(out);
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("stampede-tls-" + random_hex(8));
};

/// One client's connection through the front. Loop's thread only.
class TlsSession : public std::enable_shared_from_this<TlsSession> {
 public:
  TlsSession(Tcp::socket client, asio::ssl::context& tls)
      : client_(std::move(client), tls), broker_(client_.get_executor()) {}

  void start(const Tcp::endpoint& broker) {
    client_.async_handshake(asio::ssl::stream_base::server,
                            [self = shared_from_this(), broker](boost::system::error_code ec) {
                              if (!ec) self->broker_.connect(broker, ec);
                              if (ec) return;
                              self->pipe(self->client_, self->broker_, self->upward_);
                              self->pipe(self->broker_, self->client_, self->downward_);
                            });
  }

 private:
  using Buffer = std::array<char, 65536>;

  template <class From, class To>
  void pipe(From& from, To& to, Buffer& buffer) {
    from.async_read_some(asio::buffer(buffer),
                         [self = shared_from_this(), &from, &to, &buffer](
                             boost::system::error_code ec, std::size_t count) {
                           if (!ec) asio::write(to, asio::buffer(buffer.data(), count), ec);
                           if (!ec) return self->pipe(from, to, buffer);
                           boost::system::error_code ignored;
                           self->broker_.close(ignored);
                           self->client_.next_layer().close(ignored);
                         });
  }

  TlsStream client_;
  Tcp::socket broker_;
  Buffer upward_{};
  Buffer downward_{};
};

class TlsFront {
 public:
  explicit TlsFront(const Certificate& certificate)
      : acceptor_(loop_.context(), {asio::ip::address_v4::loopback(), 0}) {
    tls_.use_certificate_file(certificate.file(), asio::ssl::context::pem);
    tls_.use_private_key_file(certificate.key_file(), asio::ssl::context::pem);
    const auto broker = rabbitmq::parse_url(broker_url()).value();
    broker_ =
        *Tcp::resolver(loop_.context()).resolve(broker.host, std::to_string(broker.port)).begin();
    accept();
    loop_.start();
  }
  ~TlsFront() { loop_.stop(); }

  [[nodiscard]] std::string url(const std::string& host, const std::string& query) const {
    const auto broker = rabbitmq::parse_url(broker_url()).value();
    return "amqps://" + broker.user + ":" + broker.password + "@" + host + ":" +
           std::to_string(acceptor_.local_endpoint().port()) + "/" +
           (broker.vhost == "/" ? "" : broker.vhost) + query;
  }

 private:
  void accept() {
    acceptor_.async_accept([this](boost::system::error_code ec, Tcp::socket client) {
      if (ec) return;
      std::make_shared<TlsSession>(std::move(client), tls_)->start(broker_);
      accept();
    });
  }

  asio::ssl::context tls_{asio::ssl::context::tls_server};
  Loop loop_{"tls-front"};
  Tcp::acceptor acceptor_;
  Tcp::endpoint broker_;
};

class RabbitTlsTest : public testing::Test {
 protected:
  /// A process that connects to `host` with `query`, ready or not.
  std::unique_ptr<RabbitProcess> process(const std::string& host, const std::string& query) {
    return std::make_unique<RabbitProcess>(
        RabbitProcess::options(names_, "gateway-1", front_.url(host, query)));
  }
  static bool reports(const RabbitProcess& process, const std::string& what) {
    return eventually([&] { return process.reason().find(what) != std::string::npos; });
  }

  Names names_;
  Certificate certificate_;
  TlsFront front_{certificate_};
};

TEST_F(RabbitTlsTest, CarriesMessagesWhenTheCertificateIsTrusted) {
  const auto trusting = process("localhost", "?cacertfile=" + certificate_.file());
  ASSERT_TRUE(trusting->becomes_ready()) << trusting->reason();
  Loop loop("test");
  loop.start();
  const auto confirms = ask<std::vector<Result<void>>>(loop, [&](auto reply) {
    trusting->feed().append(
        {with_position(*make_message("lobby", std::string(300'000, 'x')), {2, 1})},
        std::move(reply));
  });
  ASSERT_EQ(confirms.size(), 1U);
  EXPECT_TRUE(confirms[0]) << confirms[0].error().detail;
  loop.stop();
}

TEST_F(RabbitTlsTest, RefusesAnAuthorityThatIsNotTrusted) {
  const auto strict = process("localhost", "");
  EXPECT_TRUE(reports(*strict, "certificate verify failed")) << strict->reason();
}

TEST_F(RabbitTlsTest, RefusesACertificateForAnotherName) {
  const auto strict = process("127.0.0.1", "?cacertfile=" + certificate_.file());
  EXPECT_TRUE(reports(*strict, "certificate verify failed")) << strict->reason();
}

TEST_F(RabbitTlsTest, ChecksNothingWhenToldSo) {
  const auto careless = process("127.0.0.1", "?verify=verify_none");
  EXPECT_TRUE(careless->becomes_ready()) << careless->reason();
}

TEST_F(RabbitTlsTest, SaysWhichFileOfAuthoritiesCannotBeRead) {
  const auto wrong = process("localhost", "?cacertfile=/no/such.pem");
  EXPECT_TRUE(reports(*wrong, "/no/such.pem")) << wrong->reason();
}

}  // namespace
}  // namespace stampede::test
