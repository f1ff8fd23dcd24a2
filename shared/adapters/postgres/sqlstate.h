#pragma once

#include <string_view>

namespace stampede::postgres {

/// Whether the error says that the data of a row cannot be stored, now or later. Everything else
/// (connection, deadlock, disk full, shutdown, rights, a missing table) is no fault of the messages
/// and must never cost one: the batch is tried again.
[[nodiscard]] bool blames_row(std::string_view sqlstate) noexcept;

}  // namespace stampede::postgres
