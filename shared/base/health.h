#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace stampede {

/// What `/readyz` answers from. Components are registered not-ready when they are built and report
/// their changes; the process is ready when all are and it is not draining. Any thread.
class Health {
 public:
  struct Component {
    std::string name;
    bool ready = false;
    std::string reason;  ///< why not; never a credential
  };

  /// Registers `component`, or updates it. Logs nothing: the component knows better what to say.
  void set(const std::string& component, bool ready, std::string reason = {});
  /// From now on never ready again: load balancers should stop sending clients.
  void drain();

  [[nodiscard]] bool ready() const;
  [[nodiscard]] bool draining() const;
  [[nodiscard]] std::vector<Component> components() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Component> components_;
  bool draining_ = false;
};

}  // namespace stampede
