#include "report/metric.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "cambium/error.h"
#include "cambium/schema.h"

namespace cambium {
namespace {

constexpr std::size_t kMostNamed = 40;

const std::string& text_of(const Field& field) {
  static const std::string kNone;
  const auto* text = std::get_if<std::string>(&field);
  return text == nullptr ? kNone : *text;
}

}  // namespace

std::string Metric::words() const {
  std::string words = name;
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

std::string Metric::title() const { return words() + (parts ? " %" : "") + (better < 0 ? " (lower is better)" : ""); }

std::string Metric::text(double value, bool sign) const {
  if (parts) return sign ? fmt::format("{:+.2f}", 100 * value) : fmt::format("{:.2f}", 100 * value);
  return sign ? fmt::format("{:+.4g}", value) : fmt::format("{:.4g}", value);
}

Metric find_metric(const Store& store, const std::string& study, const std::string& name) {
  if (name.empty() || name == Metric().name) return {};
  const std::vector<Field> parameter = {study};
  const Table known =
      store.query("SELECT metric, better, parts FROM metrics WHERE study = ? ORDER BY metric", parameter);
  std::vector<std::string> names;
  std::vector<const std::vector<Field>*> with_parameters;
  const auto metric_of = [](const std::vector<Field>& row) {
    const std::string& better = text_of(row[1]);
    return Metric{text_of(row[0]),
                  better == "higher"  ? 1
                  : better == "lower" ? -1
                                      : 0,
                  row[2] == Field(std::int64_t{1})};
  };
  for (const auto& row : known.rows) {
    const std::string& one = text_of(row[0]);
    if (one == name) return metric_of(row);
    names.push_back(one);
    if (one.rfind(name + "(", 0) == 0 && one.back() == ')') with_parameters.push_back(&row);
  }
  if (with_parameters.size() == 1) return metric_of(*with_parameters.front());
  const auto near = suggestion(name, names);
  const std::vector<std::string> first(names.begin(),
                                       names.begin() + std::ptrdiff_t(std::min(names.size(), kMostNamed)));
  const std::string all =
      names.empty() ? "it has none yet: run it first"
                    : fmt::format("it has {}{}", fmt::join(first, ", "), names.size() > kMostNamed ? ", ..." : "");
  throw Error(ErrorKind::Usage, fmt::format("study \"{}\": no done cell has a metric \"{}\"", study, name),
              near ? fmt::format("did you mean \"{}\"? {}", *near, all) : all);
}

}  // namespace cambium
