#include "study/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace cambium {
namespace {

/// The shortest text that reads back as `number`, whole numbers without a point: 1.0 and 1 are the same value.
std::string number_text(double number) {
  if (number == 0) return "0";
  if (std::abs(number) < 1e15 && number == std::trunc(number)) return fmt::format("{:.0f}", number);
  return fmt::format("{}", number);
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

bool bare(const std::string& key) {
  return !key.empty() &&
         std::all_of(key.begin(), key.end(), [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
}

}  // namespace

double Value::number() const { return is_integer() ? double(std::get<std::int64_t>(data)) : std::get<double>(data); }

std::optional<std::int64_t> Value::whole() const {
  if (is_integer()) return std::get<std::int64_t>(data);
  if (!is_number() || number() != std::trunc(number()) || std::abs(number()) > 9e18) return std::nullopt;
  return std::int64_t(number());
}

const Value* Value::find(std::string_view key) const {
  if (!is_table()) return nullptr;
  for (const Member& member : table())
    if (member.key == key) return &member.value;
  return nullptr;
}

Value* Value::find(std::string_view key) { return const_cast<Value*>(std::as_const(*this).find(key)); }

void Value::set(const std::string& key, Place key_place, Value value) {
  for (Member& member : table())
    if (member.key == key) {
      member.place = std::move(key_place);
      member.value = std::move(value);
      return;
    }
  table().push_back({key, std::move(key_place), std::move(value)});
}

std::string describe(const Value& value) {
  if (value.is_bool()) return "the boolean " + canonical(value);
  if (value.is_integer()) return "the integer " + canonical(value);
  if (value.is_number()) return "the number " + canonical(value);
  if (value.is_string()) return "the string " + canonical(value);
  if (const auto* moment = std::get_if<Moment>(&value.data)) return "the " + moment->kind + " " + moment->text;
  return value.is_array() ? "a list" : "a table";
}

std::string quoted_step(const std::string& step) { return bare(step) ? step : quoted(step); }

std::string canonical(const Value& value) {
  if (value.is_bool()) return std::get<bool>(value.data) ? "true" : "false";
  if (value.is_integer()) return fmt::format("{}", std::get<std::int64_t>(value.data));
  if (value.is_number()) return number_text(value.number());
  if (value.is_string()) return quoted(value.string());
  if (value.is_moment()) return std::get<Moment>(value.data).text;
  if (value.is_unreadable()) return "?";
  std::string result;
  if (value.is_array()) {
    for (const Value& element : value.array()) result += (result.empty() ? "" : ", ") + canonical(element);
    return "[" + result + "]";
  }
  std::vector<const Value::Member*> members;
  for (const Value::Member& member : value.table()) members.push_back(&member);
  std::sort(members.begin(), members.end(), [](auto* a, auto* b) { return a->key < b->key; });
  for (const Value::Member* member : members)
    result += (result.empty() ? "" : ", ") + quoted_step(member->key) + " = " + canonical(member->value);
  return result.empty() ? "{}" : "{ " + result + " }";
}

bool same(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return a.number() == b.number();
  return a.data.index() == b.data.index() && canonical(a) == canonical(b);
}

void merge(Value& base, const Value& over) {
  if (!base.is_table() || !over.is_table()) {
    base = over;
    return;
  }
  for (const Value::Member& member : over.table()) {
    Value* present = base.find(member.key);
    if (present && present->is_table() && member.value.is_table())
      merge(*present, member.value);
    else
      base.set(member.key, member.place, member.value);
  }
}

void assign(Value& root, std::string_view key, const Value& value, Place key_place) {
  Value* at = &root;
  for (std::size_t dot; (dot = key.find('.')) != std::string_view::npos; key.remove_prefix(dot + 1)) {
    const std::string step(key.substr(0, dot));
    Value* next = at->find(step);
    if (!next || !next->is_table()) {
      at->set(step, key_place, Value{Value::Table{}, key_place});
      next = at->find(step);
    }
    at = next;
  }
  const std::string last(key);
  Value* present = at->find(last);
  if (present && present->is_table() && value.is_table())
    merge(*present, value);
  else
    at->set(last, std::move(key_place), value);
}

const Value* find_path(const Value& root, std::string_view key) {
  const Value* at = &root;
  for (std::size_t dot; at && (dot = key.find('.')) != std::string_view::npos; key.remove_prefix(dot + 1))
    at = at->find(key.substr(0, dot));
  return at ? at->find(key) : nullptr;
}

}  // namespace cambium
