#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace stampede::test {

/// A folder of PEM files for one test, gone with it.
class CertificateFolder {
 public:
  CertificateFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "stampede-tls-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~CertificateFolder() { std::filesystem::remove_all(folder_); }
  CertificateFolder(const CertificateFolder&) = delete;
  CertificateFolder& operator=(const CertificateFolder&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
    return path(name);
  }

  /// A new key and a certificate for it that it has signed itself, for `days` from now.
  void make(const std::string& certificate, const std::string& key, const std::string& common_name,
            const char* passphrase = nullptr, long days = 1) const {
    const std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)> pair(::EVP_EC_gen("P-256"),
                                                                     ::EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&::X509_free)> x509(::X509_new(), ::X509_free);
    ::X509_set_version(x509.get(), 2);
    ::ASN1_INTEGER_set(::X509_get_serialNumber(x509.get()), 1);
    ::X509_gmtime_adj(::X509_getm_notBefore(x509.get()), -86'400L * 30);
    ::X509_gmtime_adj(::X509_getm_notAfter(x509.get()), 86'400L * days);
    X509_NAME* const name = ::X509_get_subject_name(x509.get());
    ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(common_name.data()),
                                 static_cast<int>(common_name.size()), -1, 0);
    ::X509_set_issuer_name(x509.get(), name);
    ::X509_set_pubkey(x509.get(), pair.get());
    ::X509_sign(x509.get(), pair.get(), ::EVP_sha256());

    std::FILE* file = std::fopen(path(certificate).c_str(), "w");
    ::PEM_write_X509(file, x509.get());
    std::fclose(file);
    file = std::fopen(path(key).c_str(), "w");
    ::PEM_write_PKCS8PrivateKey(file, pair.get(), passphrase ? ::EVP_aes_128_cbc() : nullptr,
                                passphrase, passphrase ? 4 : 0, nullptr, nullptr);
    std::fclose(file);
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace stampede::test
