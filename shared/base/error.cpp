// One category for every failure that crosses a room's border, so that callers branch on meaning
// and not on the library that failed.
#include "shared/base/error.h"

#include <stdexcept>

namespace stampede {
namespace {

// Boost's category has a protected, non-virtual destructor by design: it is never deleted by base.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "stampede"; }

  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::kInvalidArgument: return "invalid argument";
      case Errc::kNotFound: return "not found";
      case Errc::kConflict: return "conflict";
      case Errc::kTooLarge: return "too large";
      case Errc::kProtocol: return "protocol error";
      case Errc::kDenied: return "denied";
      case Errc::kOverloaded: return "overloaded";
      case Errc::kUnavailable: return "unavailable";
      case Errc::kTimeout: return "timed out";
      case Errc::kCancelled: return "cancelled";
      case Errc::kInternal: return "internal error";
    }
    return "unknown";
  }
};
#pragma GCC diagnostic pop

}  // namespace

const boost::system::error_category& error_category() noexcept {
  static const Category category;
  return category;
}

bool operator==(const Error& a, const Error& b) noexcept {
  return a.code == b.code && a.detail == b.detail;
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::runtime_error(error.code.message() + ": " + error.detail);
}

}  // namespace stampede
