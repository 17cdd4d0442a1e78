#include "same_name.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>

#include "cambium/error.h"

namespace cambium {
namespace {

/// Composed (Unicode's NFC); nothing for what is no UTF-8.
std::optional<std::string> composed(const std::string& name) {
  utf8proc_uint8_t* text = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(name.data()), utf8proc_ssize_t(name.size()), &text,
                   utf8proc_option_t(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owned(text, &std::free);
  if (length < 0) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(text), std::size_t(length));
}

/// Bytes that are no UTF-8, or no ASCII, as \xe9.
std::string escaped(const std::string& name) {
  std::string text;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    text += byte < 0x80 ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
  }
  return text;
}

}  // namespace

std::optional<std::size_t> index_of(const std::string& name, const std::vector<std::string>& names) {
  if (const auto found = std::find(names.begin(), names.end(), name); found != names.end())
    return std::size_t(found - names.begin());
  const auto wanted = composed(name);
  for (std::size_t i = 0; wanted && i < names.size(); ++i)
    if (composed(names[i]) == wanted) return i;
  return std::nullopt;
}

void check_names(const std::vector<std::string>& names, const std::filesystem::path& where) {
  std::map<std::string, std::string> seen;
  for (const std::string& name : names) {
    const auto text = composed(name);
    if (!text)
      throw Error(ErrorKind::Data,
                  fmt::format("{}: the class {} has a name that is no UTF-8", where.string(), escaped(name)),
                  "rename it: convmv -f latin1 -t utf8 does so for whole trees, iconv for the text of a list");
    const auto [other, fresh] = seen.emplace(*text, name);
    if (!fresh)
      throw Error(ErrorKind::Data,
                  fmt::format("{}: two classes are called {}: their letters are composed differently ({} and {})",
                              where.string(), *text, escaped(other->second), escaped(name)),
                  "put their images into one");
  }
}

}  // namespace cambium
