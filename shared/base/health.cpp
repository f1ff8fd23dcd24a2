// A mutex is right here: changes are rare, and probes come a few times a minute.
#include "shared/base/health.h"

#include <algorithm>

namespace stampede {

void Health::set(const std::string& component, bool ready, std::string reason) {
  const std::lock_guard lock(mutex_);
  components_[component] = {component, ready, std::move(reason)};
}

void Health::drain() {
  const std::lock_guard lock(mutex_);
  draining_ = true;
}

bool Health::ready() const {
  const std::lock_guard lock(mutex_);
  return !draining_ && std::all_of(components_.begin(), components_.end(),
                                   [](const auto& entry) { return entry.second.ready; });
}

bool Health::draining() const {
  const std::lock_guard lock(mutex_);
  return draining_;
}

std::vector<Health::Component> Health::components() const {
  const std::lock_guard lock(mutex_);
  std::vector<Component> out;
  for (const auto& [name, component] : components_) out.push_back(component);
  return out;
}

}  // namespace stampede
