#include "records.h"

#include <fmt/format.h>

#include <algorithm>

#include "cambium/error.h"

namespace cambium {
namespace {

[[noreturn]] void fail(const std::string& message, const std::string& hint) {
  throw Error(ErrorKind::Data, message, hint);
}

}  // namespace

void check_records(const RecordLayout& layout, const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  const std::size_t record = layout.record(), other = record == kPixels + 1 ? kPixels + 2 : kPixels + 1;
  if (bytes.empty() || bytes.size() % record != 0)
    fail(fmt::format("{}: holds {} bytes, which is no whole number of {}'s records of {} bytes (expected {} or {})",
                     path.string(), bytes.size(), layout.name, record,
                     std::max<std::size_t>(1, bytes.size() / record) * record, (bytes.size() / record + 1) * record),
         !bytes.empty() && bytes.size() % other == 0
             ? fmt::format("they would be {} records of {} bytes: is it a file of {}?", bytes.size() / other, other,
                           layout.label_bytes == 1 ? "CIFAR-100" : "CIFAR-10")
             : "fetch the file again; it is the binary version that is read, not the Python or Matlab one");
  for (std::size_t at = 0; at < bytes.size(); at += record)
    for (std::size_t i = 0; i < layout.label_bytes; ++i) {
      const std::size_t most = layout.label_bytes == 1 ? 10 : i == 0 ? 20 : 100;
      if (bytes[at + i] >= most)
        fail(fmt::format("{}: record {} (byte {}) has the {}label {}; expected 0 to {}", path.string(), at / record,
                         at + i,
                         layout.label_bytes == 1 ? ""
                         : i == 0                ? "coarse "
                                                 : "fine ",
                         bytes[at + i], most - 1),
             "fetch the file again");
    }
}

}  // namespace cambium
