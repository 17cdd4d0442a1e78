#include "report/paired.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "cambium/error.h"
#include "cambium/schema.h"
#include "report/counts.h"
#include "report/text.h"

namespace cambium {
namespace {

struct Arm {
  std::string stage, label, name, strategy;
};

/// In the study's order.
std::vector<Arm> arms_of(const Store& store, const std::string& study) {
  const std::vector<Field> name = {study};
  std::vector<Arm> arms;
  for (const auto& row :
       store.query("SELECT stage, arm, name, strategy FROM leaderboard WHERE study = ? ORDER BY position", name).rows)
    arms.push_back({std::get<std::string>(row[0]), std::get<std::string>(row[1]), std::get<std::string>(row[2]),
                    std::get<std::string>(row[3])});
  return arms;
}

/// Throws Error{Usage}: there is no such thing, but perhaps `names` has what was meant.
[[noreturn]] void refuse(const std::string& what, const std::string& study, const std::string& name,
                         const std::vector<std::string>& names) {
  const auto near = suggestion(name, names);
  constexpr std::size_t kMost = 8;
  const std::vector<std::string> first(names.begin(), names.begin() + std::ptrdiff_t(std::min(names.size(), kMost)));
  throw Error(ErrorKind::Usage, fmt::format("study \"{}\": no cell is of {} \"{}\"", study, what, name),
              near ? fmt::format("did you mean \"{}\"?", *near)
                   : fmt::format("there is {}{}", fmt::join(first, "; "), names.size() > kMost ? "; ..." : ""));
}

const Arm* named(const std::vector<Arm>& arms, const std::string& name, const std::string& stage) {
  const auto is = [&](const Arm& arm) { return arm.name == name || arm.stage + "/" + arm.name == name; };
  for (const Arm& arm : arms)
    if (arm.stage == stage && is(arm)) return &arm;
  const auto last = std::find_if(arms.rbegin(), arms.rend(), is);
  return last == arms.rend() ? nullptr : &*last;
}

const Arm& first_choice(const std::vector<Arm>& arms, const std::string& stage) {
  const auto in = [&](const Arm& arm) { return arm.stage == stage; };
  const auto scratch =
      std::find_if(arms.begin(), arms.end(), [&](const Arm& arm) { return in(arm) && arm.strategy == "from_scratch"; });
  return scratch != arms.end() ? *scratch : *std::find_if(arms.begin(), arms.end(), in);
}

std::string probability(const std::optional<double>& p) {
  if (!p) return "-";
  return *p < 1e-4 ? "< 0.0001" : fmt::format("{:.4f}", *p);
}

}  // namespace

Baseline find_baseline(const Store& store, const std::string& study, const std::string& name,
                       const std::string& stage) {
  const std::vector<Arm> arms = arms_of(store, study);
  if (arms.empty()) throw Error(ErrorKind::Usage, fmt::format("study \"{}\" has no cells", study), "run it first");
  std::vector<std::string> stages, names;
  for (const Arm& arm : arms) {
    if (std::find(stages.begin(), stages.end(), arm.stage) == stages.end()) stages.push_back(arm.stage);
    if (std::find(names.begin(), names.end(), arm.name) == names.end()) names.push_back(arm.name);
  }
  const std::string compared = stage.empty() ? arms.back().stage : stage;
  if (std::find(stages.begin(), stages.end(), compared) == stages.end()) refuse("stage", study, compared, stages);
  std::string wanted = name;
  if (wanted.empty()) {
    const std::vector<Field> parameter = {study};
    const Table own = store.query("SELECT baseline FROM studies WHERE study = ? AND baseline IS NOT NULL", parameter);
    if (!own.rows.empty()) wanted = std::get<std::string>(own.rows[0][0]);
  }
  const Arm* arm = wanted.empty() ? &first_choice(arms, compared) : named(arms, wanted, compared);
  if (arm == nullptr) refuse("arm", study, wanted, names);
  return {arm->stage, arm->name, compared};
}

Table paired_table(const Store& store, const std::string& study, const Baseline& baseline, const Figures& figures) {
  const std::vector<Field> parameters = {study,
                                         baseline.arm,
                                         baseline.stage,
                                         baseline.compared,
                                         figures.metric.name,
                                         static_cast<std::int64_t>(!figures.all)};
  return store.query(
      "SELECT study, stage, baseline, arm, axes, n, mean_difference, lo95, hi95, p, p_holm, missing, sd, negative, "
      "baseline_stage, baseline_axes, repeats, metric, chosen FROM differences WHERE study = ?1 AND baseline = ?2 AND "
      "baseline_stage = ?3 AND stage = ?4 AND metric = ?5 AND chosen >= ?6 ORDER BY position",
      parameters);
}

std::vector<PairedDifference> paired_differences(const Store& store, const std::string& study, const Baseline& baseline,
                                                 const Figures& figures) {
  std::vector<PairedDifference> differences;
  for (const auto& row : paired_table(store, study, baseline, figures).rows) {
    PairedDifference one;
    one.arm = std::get<std::string>(row[3]);
    one.n = std::get<std::int64_t>(row[5]);
    one.mean = number(row[6]);
    one.lo = number(row[7]);
    one.hi = number(row[8]);
    one.p = number(row[9]);
    one.p_holm = number(row[10]);
    one.missing = std::get<std::int64_t>(row[11]);
    one.sd = number(row[12]);
    one.negative = row[13] == Field(std::int64_t{1});
    one.repeats = std::get<std::int64_t>(row[16]);
    one.chosen = row[18] == Field(std::int64_t{1});
    differences.push_back(std::move(one));
  }
  return differences;
}

std::string paired_text(const Store& store, const std::string& study, const Baseline& baseline,
                        const Figures& figures) {
  const Metric& metric = figures.metric;
  const auto differences = paired_differences(store, study, baseline, figures);
  const auto shown = [&](const std::optional<double>& value) { return value ? metric.text(*value, true) : "-"; };
  std::string text =
      fmt::format("stage {}: differences from {}{}, in {}{}{}\n", baseline.compared, one_line(baseline.arm),
                  baseline.stage == baseline.compared ? "" : " of stage " + baseline.stage,
                  metric.parts ? "points of " : "", metric.words(), metric.better < 0 ? " (lower is better)" : "");
  std::vector<std::vector<std::string>> rows;
  bool grouped = false;
  for (const PairedDifference& one : differences) {
    grouped = grouped || one.repeats < one.n;
    rows.push_back({one_line(one.arm), counts(one.n, one.missing, one.repeats), shown(one.mean),
                    one.lo ? fmt::format("{} to {}", shown(one.lo), shown(one.hi)) : "-", probability(one.p),
                    probability(one.p_holm),
                    !one.chosen    ? "not chosen"
                    : one.negative ? "negative transfer"
                                   : ""});
  }
  if (!rows.empty())
    text += aligned(
        {{"arm"}, {"pairs"}, {"difference", true}, {"95 % interval"}, {"p", true}, {"p (Holm)", true}, {""}}, rows);
  if (grouped) text += kGrouped;
  std::set<std::string> told;
  for (const PairedDifference& one : differences) told.insert(one.arm);
  std::vector<std::string> unpaired;
  for (const Arm& arm : arms_of(store, study))
    if (arm.stage == baseline.compared && !(arm.name == baseline.arm && arm.stage == baseline.stage) &&
        told.insert(arm.label).second)
      unpaired.push_back(one_line(arm.label));
  if (!unpaired.empty())
    text += fmt::format("Without a pair of equal replicate and seed: {}.\n", fmt::join(unpaired, "; "));
  text += choices_text(store, study, baseline.compared);
  if (const std::string layers = layer_text(store, study, baseline, metric); !layers.empty()) text += "\n" + layers;
  return text + "\n" + verdict(differences, baseline, metric);
}

}  // namespace cambium
