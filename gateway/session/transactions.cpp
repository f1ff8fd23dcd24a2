// BEGIN, COMMIT, ABORT: what is sent in between is held here and takes effect together. Nothing is
// receipted before its effect: not at all after an ABORT, after the last confirm of a COMMIT.
#include "gateway/session/session.h"

namespace stampede::gateway {

using stomp::FrameView;

namespace {

std::size_t bytes_of(const FrameView& frame) {
  std::size_t bytes = frame.body.size();
  for (const auto& [name, value] : frame.headers) bytes += name.size() + value.size();
  return bytes;
}

}  // namespace

void Session::on_begin(const FrameView& frame) {
  const auto name = frame.find("transaction");
  if (!name)
    return fail("Missing transaction", "BEGIN needs a transaction header", receipt_of(frame));
  if (transactions_.size() >= context_.limits.max_transactions) {
    context_.metrics.limits.hit(Limit::kTransactions);
    return fail("Bad transaction",
                "a session may hold " + std::to_string(context_.limits.max_transactions) +
                    " transactions open",
                receipt_of(frame));
  }
  if (!transactions_.try_emplace(std::string(*name)).second) {
    return fail("Bad transaction", "'" + std::string(*name) + "' has begun already",
                receipt_of(frame));
  }
  acknowledge(frame);
}

Session::Transaction* Session::open_transaction(const FrameView& frame) {
  const auto name = frame.find("transaction");
  if (!name) {
    fail("Missing transaction",
         std::string(to_string(frame.command)) + " needs a transaction header", receipt_of(frame));
    return nullptr;
  }
  const auto found = transactions_.find(std::string(*name));
  if (found != transactions_.end()) return &found->second;
  fail("Bad transaction", "'" + std::string(*name) + "' has not begun", receipt_of(frame));
  return nullptr;
}

void Session::hold(const FrameView& frame, std::variant<HeldSend, Answer> step) {
  Transaction* const transaction = open_transaction(frame);
  if (transaction == nullptr) return;
  const SessionLimits& limits = context_.limits;
  if (transaction->steps.size() >= limits.max_transaction_frames) {
    context_.metrics.limits.hit(Limit::kTransactionFrames);
    return fail(
        "Bad transaction",
        "a transaction may hold " + std::to_string(limits.max_transaction_frames) + " frames",
        receipt_of(frame), CloseReason::kMessageTooBig);
  }
  std::size_t held = bytes_of(frame);
  for (const auto& [name, open] : transactions_) held += open.bytes;
  if (held > limits.max_transaction_bytes) {
    context_.metrics.limits.hit(Limit::kTransactionBytes);
    return fail("Bad transaction",
                "the open transactions of a session may hold " +
                    std::to_string(limits.max_transaction_bytes) + " bytes together",
                receipt_of(frame), CloseReason::kMessageTooBig);
  }
  transaction->bytes += bytes_of(frame);
  transaction->steps.push_back(std::move(step));
}

void Session::on_abort(const FrameView& frame) {
  if (open_transaction(frame) == nullptr) return;
  transactions_.erase(std::string(*frame.find("transaction")));
  acknowledge(frame);
}

void Session::on_commit(const FrameView& frame) {
  Transaction* const open = open_transaction(frame);
  if (open == nullptr) return;
  const Transaction transaction = std::move(*open);
  transactions_.erase(std::string(*frame.find("transaction")));

  const auto commit = std::make_shared<Commit>();
  // The COMMIT itself is one of those waited for, so that nothing is receipted while it goes on.
  commit->open = 1;
  commit->receipt = kept_receipt_of(frame);
  for (const auto& step : transaction.steps) {
    if (const auto* const answer = std::get_if<Answer>(&step)) {
      apply(*answer);
      if (answer->receipt) commit->receipts.emplace_back(*answer->receipt, SendOutcome{});
      continue;
    }
    const auto& send = std::get<HeldSend>(step);
    ++commit->open;
    publish(send.message,
            [this, commit, receipt = send.receipt](const Result<SendOutcome>& outcome) {
              confirm_commit(commit, receipt, outcome);
            });
  }
  confirm_commit(commit, std::nullopt, SendOutcome{});
}

void Session::confirm_commit(const std::shared_ptr<Commit>& commit,
                             const std::optional<std::string>& receipt,
                             const Result<SendOutcome>& outcome) {
  if (!outcome) return fail_unstored(outcome.error(), receipt);
  if (receipt) commit->receipts.emplace_back(*receipt, *outcome);
  if (--commit->open > 0) return;
  for (const auto& [id, sent] : commit->receipts) send(send_receipt_frame(version_, id, sent));
  if (commit->receipt) send(receipt_frame(version_, *commit->receipt));
}

}  // namespace stampede::gateway
