// The adapter's own connection with nothing above it: frames of a window in one write.
#include <boost/asio/io_context.hpp>

#include <memory>
#include <stdexcept>

#include "bench/rabbitmq_drive/drive.h"
#include "shared/adapters/rabbitmq/connection.h"

namespace stampede::bench {
namespace {

using rabbitmq::Connection;
using rabbitmq::Table;

class Publisher final : public Connection::Owner {
 public:
  Publisher(boost::asio::io_context& context, const Work& work) : work_(work) {
    Connection::Settings settings;
    settings.endpoint = rabbitmq::parse_url(work.url).value();
    settings.name = "bench";
    connection_ = std::make_shared<Connection>(context, settings, *this);
    connection_->start();
  }

 private:
  void on_open() override {
    Table arguments;
    arguments.text("x-queue-type", "quorum");
    amqp_queue_declare_t queue{};
    queue.queue = rabbitmq::to_amqp(kQueue);
    queue.durable = 1;
    queue.arguments = arguments.view();
    std::string& out = connection_->out();
    rabbitmq::append_method(out, 1, AMQP_CHANNEL_OPEN_METHOD,
                            amqp_channel_open_t{amqp_empty_bytes});
    rabbitmq::append_method(out, 1, AMQP_QUEUE_DECLARE_METHOD, queue);
    rabbitmq::append_method(out, 1, AMQP_CONFIRM_SELECT_METHOD, amqp_confirm_select_t{0});
    connection_->flush();
  }

  void on_method(rabbitmq::ChannelId, const rabbitmq::Method& method) override {
    if (method.id == AMQP_CONFIRM_SELECT_OK_METHOD) return publish();
    if (method.id == AMQP_QUEUE_DELETE_OK_METHOD) return connection_->abandon();
    if (method.id != AMQP_BASIC_ACK_METHOD) return;
    confirmed_ = static_cast<const amqp_basic_ack_t*>(method.decoded)->delivery_tag;
    if (confirmed_ == work_.messages) {
      amqp_queue_delete_t remove{};
      remove.queue = rabbitmq::to_amqp(kQueue);
      rabbitmq::append_method(connection_->out(), 1, AMQP_QUEUE_DELETE_METHOD, remove);
      connection_->flush();
    }
    publish();
  }

  void publish() {
    amqp_basic_publish_t method{};
    method.routing_key = rabbitmq::to_amqp(kQueue);
    method.mandatory = 1;
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
    properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
    for (; sent_ < work_.messages && sent_ - confirmed_ < work_.window; ++sent_) {
      rabbitmq::append_publish(connection_->out(), 1, method, properties, body_,
                               connection_->frame_max());
    }
    connection_->flush();
  }

  void on_content(rabbitmq::ChannelId, const rabbitmq::Content&) override {}
  void on_blocked(bool, std::string_view) override {}
  void on_read_end() override {}
  void on_written() override {}
  void on_closed(const Error& error) override { throw std::runtime_error(error.detail); }

  const Work& work_;
  const std::string body_ = std::string(work_.body_bytes, 'x');
  std::shared_ptr<Connection> connection_;
  std::size_t sent_ = 0;
  std::size_t confirmed_ = 0;
};

}  // namespace

void drive_codec(const Work& work) {
  boost::asio::io_context context(1);
  Publisher publisher(context, work);
  context.run();
}

}  // namespace stampede::bench
