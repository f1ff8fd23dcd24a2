#pragma once

#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/intrusive/list.hpp>

namespace stampede::gateway {

/// Connections that got something to send. Each is flushed once, at the end of the turn of the loop
/// or, where that is more than a turn's work, in one of the next, however many frames it got by
/// then: a system call costs the same for one frame as for sixteen. First come, first flushed. One
/// thread; the context outlives the queue.
class FlushQueue {
  struct Tag;
  using Hook =
      boost::intrusive::list_base_hook<boost::intrusive::tag<Tag>,
                                       boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

 public:
  /// Leaves the queue by itself when it is destroyed.
  class Item : public Hook {
   public:
    virtual void flush() = 0;
    void leave_flush_queue() noexcept { Hook::unlink(); }
    [[nodiscard]] bool in_flush_queue() const noexcept { return Hook::is_linked(); }

   protected:
    ~Item() = default;
  };

  /// `flushed` runs after each turn's items.
  FlushQueue(boost::asio::io_context& context, std::function<void()> flushed)
      : context_(context), flushed_(std::move(flushed)) {}

  /// Does nothing for an item that is queued already.
  void add(Item& item);

 private:
  using List = boost::intrusive::list<Item, boost::intrusive::base_hook<Hook>,
                                      boost::intrusive::constant_time_size<false>>;

  void run();
  /// Runs after so many more turns.
  void run_after(int turns);

  boost::asio::io_context& context_;
  std::function<void()> flushed_;
  List items_;
  bool posted_ = false;
};

}  // namespace stampede::gateway
