// hiredis frees its context inside the read and write handlers when the connection ends, so after
// each of them the only question is whether the clean-up hook has run; the context is not touched.
#include "shared/adapters/redis/link.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <boost/asio/post.hpp>

namespace stampede::redis {

namespace asio = boost::asio;

struct Link::Hooks {
  static Link& of(void* data) { return *static_cast<Link*>(data); }

  static void add_read(void* data) { of(data).want_read(); }
  static void add_write(void* data) { of(data).want_write(); }
  static void ignore(void*) {}

  static void cleanup(void* data) {
    Link& link = of(data);
    if (link.context_->err != 0) link.reason_ = link.context_->errstr;
    link.context_ = nullptr;
    boost::system::error_code ignored;
    link.descriptor_.close(ignored);
  }

  static void connected(const redisAsyncContext* context, int status) {
    Link& link = of(context->data);
    // hiredis has not copied a failed connect's reason yet when it calls this.
    if (status != REDIS_OK) {
      link.reason_ = context->c.errstr;
    } else {
      link.connected_ = true;
    }
  }

  static void answered(redisAsyncContext* context, void* reply, void*) {
    Link& link = of(context->data);
    if (reply == nullptr || link.owner_ == nullptr) return;
    link.owner_->link_answered(*static_cast<const redisReply*>(reply));
  }
};

std::shared_ptr<Link> Link::open(asio::io_context& context, const std::string& address,
                                 std::uint16_t port, Owner& owner, std::string& problem) {
  redisAsyncContext* const made = redisAsyncConnect(address.c_str(), port);
  if (made == nullptr) {
    problem = "out of memory";
    return nullptr;
  }
  const int duplicate = made->err == 0 ? ::dup(made->c.fd) : -1;
  if (duplicate < 0) {
    problem = made->err != 0 ? made->errstr : std::strerror(errno);
    redisAsyncFree(made);
    return nullptr;
  }
  std::shared_ptr<Link> link(new Link(context, owner));
  link->descriptor_.assign(duplicate);
  link->context_ = made;
  made->data = link.get();
  made->ev.data = link.get();
  made->ev.addRead = Hooks::add_read;
  made->ev.delRead = Hooks::ignore;
  made->ev.addWrite = Hooks::add_write;
  made->ev.delWrite = Hooks::ignore;
  made->ev.cleanup = Hooks::cleanup;
  redisAsyncSetConnectCallback(made, Hooks::connected);
  return link;
}

Link::~Link() { close(); }

void Link::close() {
  owner_ = nullptr;
  // Inside a reply's callback this only marks the context; hiredis frees it afterwards.
  if (context_ != nullptr) redisAsyncFree(context_);
}

void Link::send(const std::vector<std::string>& arguments) {
  if (context_ == nullptr) return;
  argv_.clear();
  lengths_.clear();
  for (const std::string& argument : arguments) {
    argv_.push_back(argument.data());
    lengths_.push_back(argument.size());
  }
  redisAsyncCommandArgv(context_, Hooks::answered, nullptr, static_cast<int>(argv_.size()),
                        argv_.data(), lengths_.data());
}

void Link::want_read() {
  if (read_scheduled_) return;
  read_scheduled_ = true;
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                         [self = shared_from_this()](boost::system::error_code ec) {
                           self->read_scheduled_ = false;
                           if (!ec) self->on_readable();
                         });
}

void Link::want_write() {
  if (write_scheduled_) return;
  write_scheduled_ = true;
  // The socket is nearly always writable, so the first try is made without asking the kernel, once
  // what is posted to the loop by now has added its commands.
  if (connected_ && !flushing_) {
    asio::post(descriptor_.get_executor(), [self = shared_from_this()] {
      self->write_scheduled_ = false;
      self->flush();
    });
    return;
  }
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_write,
                         [self = shared_from_this()](boost::system::error_code ec) {
                           self->write_scheduled_ = false;
                           if (!ec) self->flush();
                         });
}

void Link::on_readable() {
  if (context_ == nullptr) return;
  redisAsyncHandleRead(context_);
  report();
}

void Link::flush() {
  if (context_ == nullptr) return;
  flushing_ = true;
  redisAsyncHandleWrite(context_);
  flushing_ = false;
  report();
}

void Link::report() {
  if (owner_ == nullptr) return;
  if (context_ == nullptr) {
    std::exchange(owner_, nullptr)->link_closed(reason_.empty() ? "closed by the server" : reason_);
    return;
  }
  if (connected_ && !std::exchange(told_connected_, true)) owner_->link_connected();
}

}  // namespace stampede::redis
