#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "report/format.h"
#include "study/problem.h"

namespace cambium {

/// Writes to standard output. Where nobody reads on (`| head`), what is left is dropped; any other trouble throws
/// Error{System}.
void print(std::string_view text);
void print(const Table& table, Format how);
/// The columns that one text may take in a table of so many on standard output; 0: all that it needs.
std::size_t text_columns(std::size_t columns);

/// Writes to standard error, come what may.
void tell(std::string_view text);

/// Tells all problems in order, "file:line:column: error: message" and the hint below, and then counts the errors.
void tell(const Problems& problems);

/// Tells what a command died of and returns its exit status: 2 for what the user can mend in command, study, data or
/// plugin, else 1. To be called in a catch block.
int tell_exception();

/// What standard error is.
struct Terminal {
  bool live = false;    ///< a terminal on which a line can be written over
  bool colour = false;  ///< that may be coloured: NO_COLOR is not set

  static Terminal standard_error();
  /// Asked anew each time, as windows change.
  static std::size_t width();
};

}  // namespace cambium
