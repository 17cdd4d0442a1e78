#include "report/row_writer.h"

namespace cambium {
namespace {

constexpr std::size_t kRowsAtOnce = 1000;

}  // namespace

void RowWriter::add(std::vector<Field> row) {
  table_.rows.push_back(std::move(row));
  if ((how_ == Format::Csv || how_ == Format::Json) && table_.rows.size() >= kRowsAtOnce) flush();
}

void RowWriter::flush() {
  std::string text = format(table_, how_, limit_);
  if (how_ == Format::Json) {  // "[", rows, "\n]\n"
    text = (begun_ ? "," : "[") + text.substr(1, text.size() - 4);
  } else if (begun_) {
    text.erase(0, to_csv({table_.columns, {}}).size());
  }
  print_(text);
  begun_ = true;
  table_.rows.clear();
}

void RowWriter::end() {
  if (how_ == Format::Json) {
    if (!table_.rows.empty()) flush();
    print_(begun_ ? "\n]\n" : "[]\n");
  } else if (!begun_ || !table_.rows.empty()) {
    flush();
  }
}

}  // namespace cambium
