#include "study/misspelt.h"

#include <fmt/format.h>

#include <algorithm>

#include "cambium/schema.h"

namespace cambium {

Value without_misspelt(const Value& table, const std::string& where, const std::vector<std::string>& known,
                       Problems& problems) {
  Value result{Value::Table{}, table.place};
  std::vector<Value::Member> meant;
  for (const Value::Member& member : table.table()) {
    if (std::find(known.begin(), known.end(), member.key) != known.end()) {
      result.table().push_back(member);
      continue;
    }
    const auto near = suggestion(member.key, known);
    problems.error(member.place, fmt::format("{} has no key {}", where, member.key),
                   near ? fmt::format("did you mean {}?", *near) : fmt::format("it has {}", fmt::join(known, ", ")));
    if (near) meant.push_back({*near, member.place, member.value});
  }
  for (const Value::Member& member : meant)
    if (!result.find(member.key)) result.table().push_back(member);
  return result;
}

}  // namespace cambium
