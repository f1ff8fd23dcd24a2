#pragma once

#include <functional>
#include <string>

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

#include "shared/sockets/address_budget.h"
#include "shared/sockets/client_socket.h"

namespace stampede::http {

/// A connection that asks to leave HTTP: everything the server had of it. Nothing of the server
/// refers to it any more; it has no deadline until its new owner sets one. To refuse, write a
/// Response (`head_of` and its body) and close.
struct UpgradeRequest {
  using Head = boost::beast::http::request<boost::beast::http::empty_body>;

  sockets::ClientSocket socket;  ///< on the server's loop
  Head request;
  std::string leftover;  ///< what the client sent behind the request already
  std::string peer;      ///< "192.0.2.1:5000"; the client's address where a proxy has named it
  sockets::AddressBudget::Lease lease{};  ///< the client's place; kept as long as the connection
};

/// Runs on the server's loop.
using UpgradeHandler = std::function<void(UpgradeRequest)>;

}  // namespace stampede::http
