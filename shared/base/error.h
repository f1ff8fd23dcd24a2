#pragma once

#include <string>
#include <string_view>

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace stampede {

/// What went wrong, in the terms a caller can act on. One switch per edge (STOMP ERROR, HTTP
/// problem) maps these to what a client sees; see `gateway/session/close_reason.h` and
/// `storage-worker/api/problem.h`.
enum class Errc {
  kInvalidArgument = 1,  ///< the caller's input; never worth a retry as it is
  kNotFound,             ///< the thing named does not exist
  kConflict,             ///< it exists already, or in another state
  kTooLarge,             ///< over a size or count limit; `detail` names the limit
  kProtocol,             ///< a peer broke the protocol it speaks
  kDenied,               ///< the caller may not do this
  kOverloaded,           ///< a bound of ours is reached; a later retry may succeed
  kUnavailable,          ///< a server we depend on is away; a later retry may succeed
  kTimeout,              ///< no answer in the agreed time; the outcome is unknown
  kCancelled,            ///< we are shutting down
  kInternal,             ///< our fault
};

/// The category of `Errc` codes; named "stampede".
const boost::system::error_category& error_category() noexcept;

inline boost::system::error_code make_error_code(Errc code) noexcept {
  return {static_cast<int>(code), error_category()};
}

/// A code to branch on and a sentence for a person: what was wrong, where, what is allowed.
/// `detail` may reach clients, so it never carries a credential or a message body.
struct Error {
  boost::system::error_code code;
  std::string detail;

  Error() = default;  ///< no error; what Result<T>::error() answers for a success
  Error(Errc errc, std::string text) : code(make_error_code(errc)), detail(std::move(text)) {}
  Error(boost::system::error_code ec, std::string text) : code(ec), detail(std::move(text)) {}

  [[nodiscard]] bool is(Errc errc) const noexcept { return code == make_error_code(errc); }
};

bool operator==(const Error& a, const Error& b) noexcept;

/// `Result<T>::value()` on an error throws this. Start-up code only.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location&);

template <class T>
using Result = boost::system::result<T, Error>;

}  // namespace stampede

template <>
struct boost::system::is_error_code_enum<stampede::Errc> : std::true_type {};
