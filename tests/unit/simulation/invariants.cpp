// Decided from records alone, when everything has settled, so that what is checked does not depend
// on how it came about.
#include "tests/unit/simulation/invariants.h"

#include <limits>
#include <set>

namespace stampede::simulation {
namespace {

std::string at(Seq seq) { return "seq " + std::to_string(seq); }

/// G2: positions ascend strictly. Messages without one (the directory was away) have no order.
void check_order(const Record& record, std::vector<std::string>& out) {
  Seq last = kNoSeq;
  for (const Record::Got& got : record.got) {
    if (got.position.seq == kNoSeq) continue;
    if (got.position.seq <= last)
      out.push_back("G2: " + at(got.position.seq) + " after " + at(last));
    last = std::max(last, got.position.seq);
  }
}

/// G4: of each sending session, in the order sent. What the store gave its position was sent while
/// the directory was away, when no order is promised.
void check_senders(const Record& record, const std::map<Seq, MessageRef>& truth,
                   std::vector<std::string>& out) {
  std::map<std::string, int> last;
  for (const Record::Got& got : record.got) {
    if (!truth.contains(got.position.seq)) continue;
    int& number = last[got.from];
    if (got.number <= number) {
      out.push_back("G4: " + got.from + "'s message " + std::to_string(got.number) + " after its " +
                    std::to_string(number));
    }
    number = std::max(number, got.number);
  }
}

/// What came without its position in the room, which was given to it and not heard of by its
/// gateway: as it came, or as the store placed it.
std::set<MessageId> came_otherwise(const Record& record, const std::map<Seq, MessageRef>& truth) {
  std::set<MessageId> out;
  for (const Record::Got& got : record.got) {
    if (!truth.contains(got.position.seq)) out.insert(got.id);
  }
  return out;
}

/// G3: everything after the beginning, up to the end; a gap only where the client was told.
void check_complete(const Record& record, const std::map<Seq, MessageRef>& truth,
                    std::vector<std::string>& out) {
  if (!record.started) return;
  Seq reached = record.since ? *record.since : record.started->position;
  if (!record.started->recovered) {
    reached =
        record.started->oldest == kNoSeq ? record.started->position : record.started->oldest - 1;
  }
  const std::set<MessageId> otherwise = came_otherwise(record, truth);
  auto next = truth.upper_bound(reached);
  const auto pass_what_came = [&](Seq before) {
    while (next != truth.end() && next->first < before && otherwise.contains(next->second->id)) {
      ++next;
    }
  };
  for (const Record::Got& got : record.got) {
    const auto found = truth.find(got.position.seq);
    if (found == truth.end()) continue;  // it got its position from the store
    // Before a gap that its replay was told of.
    if (!record.started->recovered && found->first <= reached) continue;
    if (!got.recovered || next == truth.end()) next = found;
    pass_what_came(found->first);
    if (next->first < found->first) {
      out.push_back("G3: " + at(next->first) + " is missing before " + at(found->first));
    }
    next = std::next(found);
  }
  pass_what_came(std::numeric_limits<Seq>::max());
  if (!record.ended && next != truth.end()) {
    out.push_back("G3: " + at(next->first) + " never came");
  }
}

}  // namespace

std::vector<std::string> violations(const Record& record, const std::map<Seq, MessageRef>& truth) {
  std::vector<std::string> out;
  check_order(record, out);
  check_senders(record, truth, out);
  check_complete(record, truth, out);
  return out;
}

}  // namespace stampede::simulation
