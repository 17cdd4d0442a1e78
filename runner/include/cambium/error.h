#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace cambium {

/// Where something stands in a text: a file, and a line and column counted from 1 (0: the file as a whole).
struct Place {
  std::string file;
  int line = 0;
  int column = 0;

  bool operator==(const Place&) const = default;
};

/// "file:line:column", as much of it as is known; empty for no place.
std::string to_string(const Place& place);

/// What kind of thing went wrong; decides the exit status, never the wording.
enum class ErrorKind {
  Usage,    ///< the command line
  Study,    ///< a study file
  Data,     ///< a data or weights file
  Plugin,   ///< a plugin that cannot be loaded or broke its contract
  Store,    ///< the database
  System,   ///< the machine: disk, memory, processes
  Diverged  ///< a loss that is no longer a finite number
};

/// The one exception of Cambium: what is wrong (message), what to do (hint) and where (place).
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message, std::string hint = {}, Place place = {})
      : std::runtime_error(message), kind_(kind), hint_(std::move(hint)), place_(std::move(place)) {}

  ErrorKind kind() const { return kind_; }
  std::string message() const { return what(); }
  const std::string& hint() const { return hint_; }
  const Place& place() const { return place_; }

 private:
  ErrorKind kind_;
  std::string hint_;
  Place place_;
};

}  // namespace cambium
