#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/base/ip_address.h"

namespace stampede::sockets {

/// How many connections each client address may hold in the process, over all shards and doors. An
/// IPv4 address stands for itself, an IPv6 address for its /64, which one customer of a provider
/// has for himself. Any thread; outlives its leases.
class AddressBudget {
 public:
  /// One connection's place; given back when it is destroyed. Empty where nothing is counted.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), address_(other.address_) {}
    Lease& operator=(Lease&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(address_, other.address_);
      return *this;
    }
    ~Lease() {
      if (budget_ != nullptr) budget_->give_back(address_);
    }

   private:
    friend class AddressBudget;
    Lease(AddressBudget& budget, const IpAddress& address) noexcept
        : budget_(&budget), address_(address) {}

    AddressBudget* budget_ = nullptr;
    IpAddress address_;
  };

  /// `max`: of one address; 0: no bound. `proxies` speak for others, and are counted by whom they
  /// name.
  AddressBudget(std::size_t max, std::vector<IpNetwork> proxies)
      : max_(max), proxies_(std::move(proxies)) {}

  /// For a connection whose other end is `peer`: nullopt when it has as many as it may. A proxy
  /// gets an empty lease.
  [[nodiscard]] std::optional<Lease> take(const IpAddress& peer);

  /// Whose request it is that came from `peer` with this `X-Forwarded-For` (all its values, joined
  /// by commas): the last address named that is no proxy's. nullopt where the peer speaks for
  /// itself. An address that cannot be read ends the search at what a proxy said last.
  [[nodiscard]] std::optional<IpAddress> forwarded_for(const IpAddress& peer,
                                                       std::string_view forwarded) const;

  [[nodiscard]] std::size_t max() const noexcept { return max_; }
  /// How many the address holds now.
  [[nodiscard]] std::size_t held(const IpAddress& address) const;

 private:
  struct Part {
    mutable std::mutex mutex;
    std::map<IpAddress, std::size_t> held;  ///< guarded by mutex; no zeros
  };

  [[nodiscard]] bool is_proxy(const IpAddress& address) const noexcept;
  void give_back(const IpAddress& key) noexcept;
  [[nodiscard]] const Part& part_of(const IpAddress& key) const noexcept;
  [[nodiscard]] Part& part_of(const IpAddress& key) noexcept {
    return const_cast<Part&>(std::as_const(*this).part_of(key));
  }

  const std::size_t max_;
  const std::vector<IpNetwork> proxies_;
  std::array<Part, 16> parts_;  ///< so that shards rarely wait for each other
};

}  // namespace stampede::sockets
