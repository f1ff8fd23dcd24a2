// What is said about certificate and key before anybody is shown them.
#include "shared/sockets/tls_identity.h"

#include <gmock/gmock.h>

#include "tests/support/test_certificate.h"

namespace stampede::test {
namespace {

using sockets::load_tls;
using sockets::LoadedTls;
using sockets::TlsIdentity;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TlsIdentityTest : public ::testing::Test {
 protected:
  TlsIdentityTest() { files_.make("cert.pem", "key.pem", "first"); }

  LoadedTls load(const std::string& certificate, const std::string& key) {
    return load_tls({files_.path(certificate), files_.path(key)});
  }

  CertificateFolder files_;
  Metrics metrics_;
};

TEST_F(TlsIdentityTest, TakesACertificateWithItsKey) {
  const LoadedTls loaded = load("cert.pem", "key.pem");
  EXPECT_THAT(loaded.certificate_problem + loaded.key_problem, IsEmpty());
  EXPECT_TRUE(loaded.context);
  const auto day = std::chrono::system_clock::now().time_since_epoch() + Seconds(86'400);
  EXPECT_LE(loaded.not_after, day);
  EXPECT_GT(loaded.not_after, day - Seconds(600));
}

TEST_F(TlsIdentityTest, SaysOfBothFilesWhyTheyCannotBeRead) {
  const LoadedTls loaded = load("none.pem", "neither.pem");
  EXPECT_FALSE(loaded.context);
  EXPECT_THAT(loaded.certificate_problem, HasSubstr("No such file"));
  EXPECT_THAT(loaded.key_problem, HasSubstr("No such file"));
}

TEST_F(TlsIdentityTest, SaysWhatIsNotPem) {
  files_.write("text.pem", "hello");
  const LoadedTls loaded = load("text.pem", "text.pem");
  EXPECT_EQ(loaded.certificate_problem, "holds no certificate in PEM form");
  EXPECT_EQ(loaded.key_problem, "holds no private key in PEM form");
}

TEST_F(TlsIdentityTest, SaysThatFilesWereSwapped) {
  const LoadedTls loaded = load("key.pem", "cert.pem");
  EXPECT_EQ(loaded.certificate_problem, "holds no certificate in PEM form");
  EXPECT_EQ(loaded.key_problem, "holds no private key in PEM form");
}

TEST_F(TlsIdentityTest, SaysThatAKeyIsAnothers) {
  files_.make("other.pem", "other-key.pem", "other");
  const LoadedTls loaded = load("cert.pem", "other-key.pem");
  EXPECT_THAT(loaded.certificate_problem, IsEmpty());
  EXPECT_EQ(loaded.key_problem, "does not belong to the certificate");
  EXPECT_FALSE(loaded.context);
}

TEST_F(TlsIdentityTest, DoesNotAskForAPassphrase) {
  files_.make("secret.pem", "secret-key.pem", "secret", "1234");
  EXPECT_EQ(load("secret.pem", "secret-key.pem").key_problem,
            "is protected by a passphrase; give a key without one");
}

TEST_F(TlsIdentityTest, AnErrorNamesEveryFile) {
  const auto loaded = TlsIdentity::load({"/no/cert", "/no/key"}, metrics_);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().detail,
              AllOf(HasSubstr("/no/cert cannot be read"), HasSubstr("/no/key cannot be read")));
}

TEST_F(TlsIdentityTest, TakesAnExpiredCertificateAndShowsWhenItEnded) {
  files_.make("old.pem", "old-key.pem", "old", nullptr, -2);
  EXPECT_TRUE(TlsIdentity::load({files_.path("old.pem"), files_.path("old-key.pem")}, metrics_));
  const double ended = metrics_.gauge("stampede_tls_certificate_not_after_seconds", "").value();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  EXPECT_LT(ended, std::chrono::duration<double>(now).count() - 86'400);
}

TEST_F(TlsIdentityTest, CountsReloadsByTheirOutcome) {
  const auto identity =
      TlsIdentity::load({files_.path("cert.pem"), files_.path("key.pem")}, metrics_);
  ASSERT_TRUE(identity);
  const auto counted = [&](const char* result) {
    return metrics_.counter("stampede_tls_reloads_total", "", {{"result", result}}).value();
  };
  (*identity)->reload();
  EXPECT_EQ(counted("ok"), 1);
  files_.write("key.pem", "half a file");
  (*identity)->reload();
  EXPECT_EQ(counted("ok"), 1);
  EXPECT_EQ(counted("failed"), 1);
}

}  // namespace
}  // namespace stampede::test
