#include "shared/config/option_table.h"

#include <algorithm>
#include <stdexcept>

namespace stampede::config {

std::string Option::environment() const {
  std::string variable = "STAMPEDE_";
  for (const char c : name) {
    variable.push_back(c == '-' ? '_'
                                : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c));
  }
  return variable;
}

OptionTable::OptionTable(std::string program, std::string about)
    : program_(std::move(program)), about_(std::move(about)) {}

OptionTable& OptionTable::group(std::string title) {
  group_ = std::move(title);
  return *this;
}

OptionTable& OptionTable::add(std::string name, Value value, std::string help,
                              std::string shown_default) {
  if (find(name) != nullptr) throw std::logic_error("option added twice: " + name);
  if (shown_default.empty()) shown_default = value.show();
  options_.push_back(
      {std::move(name), group_, std::move(value), std::move(help), std::move(shown_default), {}});
  return *this;
}

OptionTable& OptionTable::command(std::string name, std::string help) {
  commands_.push_back({std::move(name), std::move(help)});
  return *this;
}

Option* OptionTable::find(std::string_view name) {
  const auto found = std::find_if(options_.begin(), options_.end(),
                                  [&](const Option& option) { return option.name == name; });
  return found == options_.end() ? nullptr : &*found;
}

const Option& OptionTable::at(std::string_view name) const {
  const auto found = std::find_if(options_.begin(), options_.end(),
                                  [&](const Option& option) { return option.name == name; });
  if (found == options_.end()) throw std::logic_error("no option: " + std::string(name));
  return *found;
}

}  // namespace stampede::config
