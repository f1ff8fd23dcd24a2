#include "bench/load/tally.h"

namespace stampede::bench {

void Tally::add(const Tally& other) {
  connect.add(other.connect);
  latency.add(other.latency);
  confirm.add(other.confirm);
  published += other.published;
  expected += other.expected;
  delivered += other.delivered;
  arrived += other.arrived;
  confirmed += other.confirmed;
  lost += other.lost;
  repeated += other.repeated;
  refused += other.refused;
  broken += other.broken;
  if (complaint.empty()) complaint = other.complaint;
}

}  // namespace stampede::bench
