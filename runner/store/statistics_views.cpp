#include <fmt/format.h>

#include "store/averages.h"
#include "store/layout.h"

namespace cambium {
namespace {

// Public interface, described in docs/database.md and docs/statistics.md; as in views.cpp, singular names are private.
//
// `differences` is made of window functions over the same leading partition and of nothing else, so that SQLite carries
// "WHERE study = ... AND baseline = ..." down to the tables and never looks at the other baselines: a GROUP BY on the
// way would stop it. CROSS JOIN holds the order: the baseline's cells first.
constexpr const char* kViews = R"sql(
-- Student's t for n - 1 = df degrees of freedom: the integral from -t to t is the finite series of Abramowitz and Stegun 26.7.3
-- (odd df) and 26.7.4 (even df), with angle = atan(t / sqrt(df)). Its complement loses digits below 1e-15.
-- Holm 1979: the i-th smallest of m values of p times m - i + 1, never less than the one before, at most 1.
CREATE VIEW differences AS
WITH {averaged},
-- Differences that are all the same but for rounding have no spread to test against.
scored AS (
  SELECT *, CASE WHEN sd > 1e-12 THEN sd / sqrt(repeats) END AS error FROM spread),
angled AS (
  SELECT *, atan2(abs(mean / error), sqrt(df)) AS angle FROM scored),
summed AS (
  SELECT *, count(*) OVER family AS family, (
    WITH RECURSIVE series (k, term, total) AS (
      SELECT 1 + df % 2, CASE df % 2 WHEN 0 THEN 1.0 ELSE cos(angle) END, 0.0
      UNION ALL SELECT k + 2, term * k / (k + 1) * cos(angle) * cos(angle), total + term FROM series WHERE k < df)
    SELECT sin(angle) * max(total) FROM series) AS total
  FROM angled WINDOW family AS (PARTITION BY {family})),
tested AS (
  SELECT *, {half} AS half,
    max(1e-15, 1 - CASE df % 2 WHEN 0 THEN total ELSE (angle + total) * 2 / pi() END) AS p
  FROM summed),
weighted AS (
  SELECT *, (family + 1 - row_number() OVER (PARTITION BY {family} ORDER BY p IS NULL, p, arm_id)) * p AS product
  FROM tested),
corrected AS (
  SELECT *, min(1.0, max(product) OVER (PARTITION BY {family} ORDER BY p IS NULL, p, arm_id)) AS largest FROM weighted)
SELECT study, stage, baseline, label AS arm, axes, n, mean AS mean_difference, mean - half AS lo95, mean + half AS hi95, p,
  CASE WHEN p IS NOT NULL THEN largest END AS p_holm,
  (SELECT count(*) FROM study_cell WHERE arm = baseline_id AND current)
    + (SELECT count(*) FROM study_cell WHERE study_cell.arm = arm_id AND current) - cells - n AS missing,
  sd, (SELECT CASE better WHEN 1 THEN mean + half < 0 WHEN -1 THEN mean - half > 0 END
    FROM known_metric WHERE known_metric.name = corrected.metric) AS negative,
  baseline_stage, baseline_axes, family, first AS position, repeats, metric, chosen
FROM corrected JOIN (SELECT id AS own_id, label, axes FROM arm) ON own_id = arm_id
JOIN (SELECT id AS its_id, axes AS baseline_axes FROM arm) ON its_id = baseline_id;

CREATE VIEW paired AS
SELECT study, stage, baseline, arm, axes, n, mean_difference, lo95, hi95, p, p_holm, missing, sd, negative, baseline_stage,
  baseline_axes, family, position, repeats
FROM differences WHERE metric = 'test_accuracy' AND chosen;

-- Arms that differ in the cut alone, by cut. The last axis so called is the cell's own: those of its source come before.
CREATE VIEW means_by_cut AS
SELECT means.study AS study, means.name AS arm, cut.value AS cut, n, mean, sd, lo95, hi95, missing, stage,
  json_remove(common, '$."' || cut.key || '"') AS axes, position, repeats, metric
FROM means JOIN json_each(common) AS cut
WHERE chosen AND cut.id = (SELECT max(id) FROM json_each(means.common) WHERE key = 'cut' OR key LIKE '%.cut');

CREATE VIEW layers AS
SELECT study, arm, cut, n, mean, sd, lo95, hi95, missing, stage, axes, position, repeats
FROM means_by_cut WHERE metric = 'test_accuracy' ORDER BY study, stage, arm, cut;
)sql";

// Of pairs, the one side is an arm that was chosen, if any was to be; the other may be one that was not, in a family
// apart.
constexpr const char* kPairs = R"sql(
  SELECT base.metric AS metric, base.study AS study, base.stage AS baseline_stage, base.arm_id AS baseline_id, base.name AS baseline,
    other.stage AS stage, other.arm_id AS arm_id, other.position AS position, base.replicate AS replicate, base.seed AS seed, other.value - base.value AS value,
    other.arm_id NOT IN (SELECT arm_id FROM ranked_arm WHERE rank > 1) AS chosen
  FROM cell_value AS base CROSS JOIN cell_value AS other ON other.metric = base.metric AND other.study_id = base.study_id
    AND other.arm_id <> base.arm_id AND other.replicate = base.replicate AND other.seed = base.seed
  WHERE base.arm_id NOT IN (SELECT arm_id FROM ranked_arm WHERE rank > 1)
    AND NOT EXISTS (SELECT 1 FROM json_each(base.common) AS here JOIN json_each(other.common) AS there USING (key)
                    WHERE here.value IS NOT there.value))sql";

}  // namespace

std::string statistics_views() {
  // The most telling keys first, which sorting compares by.
  constexpr const char* kKeys = "arm_id, baseline_id, metric, study, baseline, baseline_stage, stage, chosen";
  constexpr const char* kFamily = "metric, study, baseline, baseline_stage, stage, chosen";
  return fmt::format(kViews, fmt::arg("averaged", averaged(kPairs, kKeys)), fmt::arg("family", kFamily),
                     fmt::arg("half", half_interval("summed")));
}

}  // namespace cambium
