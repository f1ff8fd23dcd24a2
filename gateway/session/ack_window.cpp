#include "gateway/session/ack_window.h"

#include <algorithm>
#include <iterator>

namespace stampede::gateway {

std::optional<AckMode> parse_ack_mode(std::string_view text) noexcept {
  if (text == "auto") return AckMode::kAuto;
  if (text == "client") return AckMode::kClient;
  if (text == "client-individual") return AckMode::kClientIndividual;
  return std::nullopt;
}

AckWindow::~AckWindow() {
  for (const Send& send : sent_) held_.used -= send.message->body.size();
  held_.used -= waiting_bytes_;
}

bool AckWindow::add(MessageRef message) {
  if (held_.used >= held_.max) return false;
  held_.used += message->body.size();
  waiting_bytes_ += message->body.size();
  waiting_.push_back({std::move(message), false});
  return true;
}

std::optional<AckWindow::Send> AckWindow::next() {
  if (waiting_.empty()) return std::nullopt;
  if (prefetch_ != 0 && sent_.size() >= prefetch_) return std::nullopt;
  Waiting first = std::move(waiting_.front());
  waiting_.pop_front();
  waiting_bytes_ -= first.message->body.size();
  sent_.push_back({++last_tag_, std::move(first.message), first.redelivered});
  return sent_.back();
}

std::optional<AckWindow::Tag> AckWindow::find(const MessageId& id) const {
  const auto found = std::find_if(sent_.begin(), sent_.end(),
                                  [&](const Send& send) { return send.message->id == id; });
  if (found == sent_.end()) return std::nullopt;
  return found->tag;
}

void AckWindow::ack(Tag tag) { settle(tag); }

void AckWindow::nack(Tag tag, bool requeue) {
  std::deque<Send> settled = settle(tag);
  if (!requeue) return;
  for (auto send = settled.rbegin(); send != settled.rend(); ++send) {
    held_.used += send->message->body.size();
    waiting_bytes_ += send->message->body.size();
    waiting_.push_front({std::move(send->message), true});
  }
}

std::deque<AckWindow::Send> AckWindow::settle(Tag tag) {
  const auto at = std::lower_bound(sent_.begin(), sent_.end(), tag,
                                   [](const Send& send, Tag wanted) { return send.tag < wanted; });
  const bool exact = at != sent_.end() && at->tag == tag;
  auto from = mode_ == AckMode::kClient ? sent_.begin() : at;
  const auto to = exact ? std::next(at) : at;
  std::deque<Send> settled(std::make_move_iterator(from), std::make_move_iterator(to));
  sent_.erase(from, to);
  for (const Send& send : settled) held_.used -= send.message->body.size();
  return settled;
}

}  // namespace stampede::gateway
