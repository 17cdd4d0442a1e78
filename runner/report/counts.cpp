#include "report/counts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "report/metric.h"
#include "report/text.h"

namespace cambium {

std::string counts(std::int64_t n, std::int64_t missing, std::int64_t repeats) {
  std::string text = missing == 0 ? std::to_string(n) : fmt::format("{} of {}", n, n + missing);
  if (repeats < n) text += fmt::format(" in {}", repeats);
  return text;
}

std::string choices_text(const Store& store, const std::string& study, const std::string& stage) {
  const std::vector<Field> parameters = {study, stage};
  const Table chosen = store.query(
      "SELECT stage, arm, tried, chosen_by, score, lacking FROM choices WHERE study = ?1 AND (?2 = '' OR stage = ?2) "
      "ORDER BY position",
      parameters);
  if (chosen.rows.empty()) return "";
  std::string text;
  for (const auto& row : chosen.rows) {
    const std::string arm = one_line(std::get<std::string>(row[1])), by = std::get<std::string>(row[3]);
    const std::int64_t tried = std::get<std::int64_t>(row[2]), lacking = std::get<std::int64_t>(row[5]);
    if (tried == 1) continue;
    const auto* score = std::get_if<double>(&row[4]);
    Metric metric;
    metric.name = by;
    metric.parts = by.find("accuracy") != std::string::npos;
    text +=
        score == nullptr
            ? fmt::format("  {}, {}: none of {} points has a {} yet\n", std::get<std::string>(row[0]), arm, tried, by)
            : fmt::format("  {}, {}: the best of {} by {} ({}){}\n", std::get<std::string>(row[0]), arm, tried, by,
                          metric.text(*score), lacking == 0 ? "" : fmt::format("; {} of them lack cells", lacking));
  }
  return text.empty() ? "" : "chosen on validation images, by the mean over seeds and replicates:\n" + text;
}

}  // namespace cambium
