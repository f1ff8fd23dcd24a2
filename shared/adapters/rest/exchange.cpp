#include "shared/adapters/rest/exchange.h"

#include <utility>

#include <boost/asio/post.hpp>

#include "shared/base/version.h"

namespace stampede::rest {
namespace {

namespace beast = boost::beast;
using boost::asio::ip::tcp;

/// A page is bounded by its bodies; headers come on top.
constexpr std::uint64_t kMaxAnswerBytes = 64 * 1024 * 1024;

}  // namespace

void Exchange::get(const Question& question, Milliseconds timeout, Done done) {
  done_ = std::move(done);
  deadline_ = system_clock().now() + timeout;
  request_ = {beast::http::verb::get, question.target, 11};
  request_.set(beast::http::field::host, server_.host + ":" + server_.port);
  request_.set(beast::http::field::accept, question.accept);
  if (!question.authorization.empty()) {
    request_.set(beast::http::field::authorization, question.authorization);
  }
  request_.set(beast::http::field::user_agent, "stampede-gateway/" + std::string(version()));
  stream_.expires_at(deadline_);
  reused_ = connected_;
  if (connected_) {
    write();
  } else {
    connect();
  }
}

void Exchange::abandon() {
  done_ = nullptr;
  resolver_.cancel();
  stream_.close();
}

void Exchange::connect() {
  resolver_.async_resolve(server_.host, server_.port,
                          [self = shared_from_this()](boost::system::error_code ec,
                                                      const tcp::resolver::results_type& found) {
                            self->on_resolved(ec, found);
                          });
}

void Exchange::on_resolved(boost::system::error_code ec, const tcp::resolver::results_type& found) {
  if (ec) return fail("does not resolve", ec);
  stream_.expires_at(deadline_);
  stream_.async_connect(
      found, [self = shared_from_this()](boost::system::error_code failed, const tcp::endpoint&) {
        if (failed) return self->fail("cannot be reached", failed);
        self->connected_ = true;
        self->write();
      });
}

void Exchange::write() {
  beast::http::async_write(stream_, request_,
                           [self = shared_from_this()](boost::system::error_code ec, std::size_t) {
                             if (ec) return self->fail("does not take a request", ec);
                             self->read();
                           });
}

void Exchange::read() {
  parser_.emplace();
  parser_->body_limit(kMaxAnswerBytes);
  beast::http::async_read(stream_, buffer_, *parser_,
                          [self = shared_from_this()](boost::system::error_code ec, std::size_t) {
                            self->on_read(ec);
                          });
}

void Exchange::on_read(boost::system::error_code ec) {
  if (ec) return fail("does not answer", ec);
  if (!parser_->keep_alive()) {
    stream_.close();
    connected_ = false;
  }
  finish(parser_->release());
}

void Exchange::fail(const char* what, boost::system::error_code ec) {
  stream_.close();
  connected_ = false;
  buffer_.clear();
  // A kept connection may have ended while nothing was asked; that says nothing about the server.
  if (std::exchange(reused_, false) && done_ && system_clock().now() < deadline_) {
    stream_.expires_at(deadline_);
    return connect();
  }
  finish(Error(Errc::kUnavailable,
               server_.host + ":" + server_.port + " " + what + ": " + ec.message()));
}

void Exchange::finish(Result<Answer> result) {
  stream_.expires_never();
  if (const Done done = std::exchange(done_, nullptr)) done(std::move(result));
}

}  // namespace stampede::rest
