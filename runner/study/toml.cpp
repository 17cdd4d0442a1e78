#include "study/toml.h"

#include <toml++/toml.h>
#include <algorithm>
#include <cctype>
#include <sstream>

namespace cambium {
namespace {

Place place_of(const toml::source_region& source, const std::string& file) {
  return {file, int(source.begin.line), int(source.begin.column)};
}

template <class Node>
Moment moment(const char* kind, const Node& node) {
  std::ostringstream text;
  text << node.get();
  return {kind, text.str()};
}

Value convert(const toml::node& node, const std::string& file) {
  Value value;
  value.place = place_of(node.source(), file);
  if (const auto* boolean = node.as_boolean()) {
    value.data = boolean->get();
  } else if (const auto* integer = node.as_integer()) {
    value.data = integer->get();
  } else if (const auto* number = node.as_floating_point()) {
    value.data = number->get();
  } else if (const auto* text = node.as_string()) {
    value.data = text->get();
  } else if (const auto* array = node.as_array()) {
    Value::Array elements;
    for (const toml::node& element : *array) elements.push_back(convert(element, file));
    value.data = std::move(elements);
  } else if (const auto* table = node.as_table()) {
    Value::Table members;
    for (const auto& [key, element] : *table)
      members.push_back({std::string(key.str()), place_of(key.source(), file), convert(element, file)});
    // toml++ sorts by key; a study means its own order.
    std::stable_sort(members.begin(), members.end(), [](const auto& a, const auto& b) {
      return std::tie(a.place.line, a.place.column) < std::tie(b.place.line, b.place.column);
    });
    value.data = std::move(members);
  } else if (const auto* date = node.as_date()) {
    value.data = moment("date", *date);
  } else if (const auto* time = node.as_time()) {
    value.data = moment("time", *time);
  } else if (const auto* both = node.as_date_time()) {
    value.data = moment("date and time", *both);
  }
  return value;
}

}  // namespace

std::optional<Value> parse_toml(const std::string& text, const std::string& file, Problems& problems) {
  try {
    return convert(toml::parse(text, file), file);
  } catch (const toml::parse_error& error) {
    problems.error(place_of(error.source(), file), std::string(error.description()),
                   "mend the TOML here; what follows was not read");
    return std::nullopt;
  }
}

std::optional<Value> parse_toml_value(const std::string& text, const Place& place, Problems& problems) {
  Problems quiet;
  if (auto table = parse_toml("value = " + text + "\n", place.file, quiet); table && table->table().size() == 1) {
    Value value = std::move(table->table().front().value);
    value.place = place;
    return value;
  }
  const bool word = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-' || c == '.' || c == '/';
  });
  if (word) return Value{text, place};
  problems.error(place, "\"" + text + "\" is no TOML value",
                 "write a number, true, false, \"text\", [a, b] or { key = value }");
  return std::nullopt;
}

}  // namespace cambium
