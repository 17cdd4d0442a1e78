#include "study/select.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cambium/schema.h"

namespace cambium {
namespace {

/// What is measured on validation images, and so may be chosen by.
const std::vector<std::string> kMetrics = {"val_accuracy", "val_loss", "best_val_accuracy"};

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void read_by(const Value& value, Select& select, Problems& problems) {
  if (value.is_string() && contains(kMetrics, value.string())) {
    select.by = value.string();
    return;
  }
  const std::string told = value.is_string() ? "\"" + value.string() + "\"" : describe(value);
  const bool tested = value.is_string() && value.string().find("test") != std::string::npos;
  const auto near = value.is_string() && !tested ? suggestion(value.string(), kMetrics) : std::nullopt;
  problems.error(value.place,
                 tested ? fmt::format("by is {}: what is chosen by test images cannot be tested on them", told)
                        : fmt::format("by is {}, which is no metric of validation images", told),
                 near ? fmt::format("did you mean \"{}\"?", *near)
                      : fmt::format("take one of \"{}\"", fmt::join(kMetrics, "\", \"")));
}

void read_over(const Value& value, Select& select, Problems& problems) {
  bool fine = value.is_array() && !value.array().empty();
  if (fine)
    for (const Value& key : value.array()) {
      fine = fine && key.is_string();
      if (key.is_string()) select.over.push_back({key.string(), key.place});
    }
  if (!fine)
    problems.error(value.place, "over is not a list of axes", "write over = [\"train.lr\"], the axes to choose over");
}

}  // namespace

Select read_select(const std::string& stage, const Value& table, Problems& problems) {
  Select select;
  select.place = table.place;
  if (!table.is_table()) {
    problems.error(table.place, fmt::format("select of stage {} is {}, not a table", stage, describe(table)),
                   fmt::format("write [stage.{}.select] with over = [\"train.lr\"] and by = \"val_accuracy\"", stage));
    return select;
  }
  static const std::vector<std::string> kKeys = {"over", "by"};
  for (const Value::Member& member : table.table()) {
    if (member.key == "by") {
      read_by(member.value, select, problems);
    } else if (member.key == "over") {
      read_over(member.value, select, problems);
    } else {
      const auto near = suggestion(member.key, kKeys);
      problems.error(member.place, fmt::format("select has no key {}", member.key),
                     near ? fmt::format("did you mean {}?", *near) : "it has over and by");
    }
  }
  if (!table.find("over"))
    problems.error(table.place, fmt::format("select of stage {} does not say what to choose over", stage),
                   "write over = [\"train.lr\"], the axes to choose over");
  return select;
}

}  // namespace cambium
