#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "report/format.h"

namespace cambium {

/// Prints rows as they come, in no more memory than some of them take; but a table for people, whose columns are
/// aligned, and Markdown and LaTeX at the end.
class RowWriter {
 public:
  using Print = std::function<void(std::string_view)>;

  /// `limit`: as to_text() takes it.
  RowWriter(Format how, std::size_t limit, Print print) : how_(how), limit_(limit), print_(std::move(print)) {}

  void begin(std::vector<std::string> columns) { table_.columns = std::move(columns); }
  void add(std::vector<Field> row);
  void end();

 private:
  void flush();

  Format how_;
  std::size_t limit_;
  Print print_;
  Table table_;
  bool begun_ = false;
};

}  // namespace cambium
