#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "shared/auth/principal.h"
#include "shared/base/executor.h"

namespace stampede::auth {

/// How somebody tries to prove who they are.
enum class Method : std::uint8_t { kAnonymous, kPasscode, kToken };

/// A login until it is answered: once, at the latest when nobody holds it any more, which happens
/// when the authenticator goes. One thread at a time.
class OpenLogin {
 public:
  OpenLogin(std::string address, Reply<Result<Principal>> reply)
      : address_(std::move(address)), reply_(std::move(reply)) {}
  ~OpenLogin() {
    if (!answered_) reply_(Error(Errc::kCancelled, "the process is shutting down"));
  }
  OpenLogin(const OpenLogin&) = delete;
  OpenLogin& operator=(const OpenLogin&) = delete;

  void answer(Result<Principal> result) {
    answered_ = true;
    reply_(std::move(result));
  }
  void set_method(Method method) noexcept { method_ = method; }
  [[nodiscard]] Method method() const noexcept { return method_; }
  [[nodiscard]] const std::string& address() const noexcept { return address_; }

 private:
  Method method_ = Method::kAnonymous;
  const std::string address_;
  const Reply<Result<Principal>> reply_;
  bool answered_ = false;
};
using OpenLoginRef = std::shared_ptr<OpenLogin>;

}  // namespace stampede::auth
