#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "shared/base/clock.h"
#include "shared/base/error.h"

namespace stampede::rest {

struct Endpoint {
  std::string host;
  std::string port = "80";
};

/// One connection to the server, kept open between requests, one request at a time. Loop's thread;
/// keeps itself alive while a request is under way.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  using Answer = boost::beast::http::response<boost::beast::http::string_body>;
  using Done = std::function<void(Result<Answer>)>;
  struct Question {
    std::string target;
    std::string accept;
    std::string authorization;  ///< empty: none
  };

  Exchange(boost::asio::io_context& context, const Endpoint& server)
      : server_(server), resolver_(context), stream_(context) {}

  /// `done` runs once, never inside this call. kUnavailable: no answer before `timeout`.
  void get(const Question& question, Milliseconds timeout, Done done);
  /// Nothing is answered any more.
  void abandon();

 private:
  void connect();
  void on_resolved(boost::system::error_code ec,
                   const boost::asio::ip::tcp::resolver::results_type& found);
  void write();
  void read();
  void on_read(boost::system::error_code ec);
  void fail(const char* what, boost::system::error_code ec);
  void finish(Result<Answer> result);

  const Endpoint server_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  boost::beast::http::request<boost::beast::http::empty_body> request_;
  std::optional<boost::beast::http::response_parser<boost::beast::http::string_body>> parser_;
  Clock::Instant deadline_{};
  Done done_;
  bool connected_ = false;
  bool reused_ = false;  ///< the server may have closed it meanwhile
};

}  // namespace stampede::rest
