#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

struct redisAsyncContext;
struct redisReply;

namespace stampede::redis {

/// One TCP connection: hiredis for the protocol, Asio for the waiting. It is never made again; a
/// new one takes its place. Everything happens on the io_context's thread. Kept alive by its
/// handlers; the owner closes it before it goes.
class Link : public std::enable_shared_from_this<Link> {
 public:
  /// Whose link it is. None of these is called inside `open`, `send` or `close`.
  class Owner {
   public:
    virtual void link_connected() = 0;
    /// Replies come in the order of the commands.
    virtual void link_answered(const redisReply& reply) = 0;
    /// The last call; not after `close`.
    virtual void link_closed(const std::string& reason) = 0;

   protected:
    ~Owner() = default;
  };

  /// Starts connecting to a numeric `address`. Null with `problem` when that fails at once.
  static std::shared_ptr<Link> open(boost::asio::io_context& context, const std::string& address,
                                    std::uint16_t port, Owner& owner, std::string& problem);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Commands of one turn of the loop leave in one write.
  void send(const std::vector<std::string>& arguments);
  /// Silent: the owner hears nothing more.
  void close();

 private:
  struct Hooks;  // what hiredis calls

  Link(boost::asio::io_context& context, Owner& owner) : descriptor_(context), owner_(&owner) {}

  void want_read();
  void want_write();
  void on_readable();
  void flush();
  void report();

  boost::asio::posix::stream_descriptor descriptor_;  ///< a duplicate: hiredis closes its own
  Owner* owner_;
  redisAsyncContext* context_ = nullptr;  ///< null from the moment hiredis frees it
  std::string reason_;
  bool connected_ = false;
  bool told_connected_ = false;
  bool read_scheduled_ = false;
  bool write_scheduled_ = false;
  bool flushing_ = false;
  std::vector<const char*> argv_;
  std::vector<std::size_t> lengths_;
};

}  // namespace stampede::redis
