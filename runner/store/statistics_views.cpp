#include "store/layout.h"

namespace cambium {
namespace {

// Public interface, described in docs/database.md and docs/statistics.md; as in views.cpp, singular names are private.
//
// `paired` is made of window functions over the same leading partition and of nothing else, so that SQLite carries
// "WHERE study = ... AND baseline = ..." down to the tables and never looks at the other baselines: a GROUP BY on the
// way would stop it. CROSS JOIN holds the order: the baseline's cells first.
constexpr const char* kViews = R"sql(
-- A current cell of a study with its test accuracy, if it has one: that of the newest attempt that is done.
CREATE VIEW cell_outcome AS
SELECT study.name AS study, arm.study AS study_id, arm.stage AS stage, arm.id AS arm_id, arm.label AS arm, arm.name AS name, arm.factors AS factors, arm.axes AS axes,
  study_cell.replicate AS replicate, cell.seed AS seed, study_cell.position AS position,
  (SELECT last FROM summary WHERE metric = (SELECT id FROM metric WHERE name = 'test_accuracy')
    AND run = (SELECT id FROM run WHERE run.cell = cell.id AND state = 'done' ORDER BY attempt DESC LIMIT 1)) AS accuracy
FROM study CROSS JOIN arm ON arm.study = study.id CROSS JOIN study_cell ON study_cell.arm = arm.id
CROSS JOIN cell ON cell.id = study_cell.cell
WHERE study_cell.current;

-- Student's t for n - 1 = df degrees of freedom: the integral from -t to t is the finite series of Abramowitz and Stegun 26.7.3
-- (odd df) and 26.7.4 (even df), with angle = atan(t / sqrt(df)). Its complement loses digits below 1e-15.
-- Holm 1979: the i-th smallest of m values of p times m - i + 1, never less than the one before, at most 1.
CREATE VIEW paired AS
WITH difference AS (
  SELECT base.study AS study, base.stage AS baseline_stage, base.arm_id AS baseline_id, base.name AS baseline, base.axes AS baseline_axes,
    other.stage AS stage, other.arm_id AS arm_id, other.arm AS arm, other.axes AS axes, other.position AS position,
    other.accuracy - base.accuracy AS d
  FROM cell_outcome AS base CROSS JOIN cell_outcome AS other ON other.study_id = base.study_id AND other.arm_id <> base.arm_id
    AND other.replicate = base.replicate AND other.seed = base.seed
  WHERE NOT EXISTS (SELECT 1 FROM json_each(base.factors) AS here JOIN json_each(other.factors) AS there USING (key)
                    WHERE here.value IS NOT there.value)),
centred AS (
  SELECT *, count(*) OVER pair AS shared, count(d) OVER pair AS n, avg(d) OVER pair AS mean, d - avg(d) OVER pair AS deviation
  FROM difference WINDOW pair AS (PARTITION BY study, baseline, baseline_id, stage, arm_id)),
moments AS (
  SELECT *, sum(deviation * deviation) OVER pair AS squares,
    row_number() OVER (PARTITION BY study, baseline, baseline_id, stage, arm_id ORDER BY position) AS nth
  FROM centred WINDOW pair AS (PARTITION BY study, baseline, baseline_id, stage, arm_id)),
spread AS (
  SELECT *, n - 1 AS df, CASE WHEN n > 1 THEN sqrt(squares / (n - 1)) END AS sd FROM moments WHERE nth = 1),
-- Differences that are all the same but for rounding have no spread to test against.
scored AS (
  SELECT *, CASE WHEN sd > 1e-12 THEN sd / sqrt(n) END AS error FROM spread),
angled AS (
  SELECT *, atan2(abs(mean / error), sqrt(df)) AS angle FROM scored),
summed AS (
  SELECT *, count(*) OVER (PARTITION BY study, baseline, baseline_stage, stage) AS family, (
    WITH RECURSIVE series (k, term, total) AS (
      SELECT 1 + df % 2, CASE df % 2 WHEN 0 THEN 1.0 ELSE cos(angle) END, 0.0
      UNION ALL SELECT k + 2, term * k / (k + 1) * cos(angle) * cos(angle), total + term FROM series WHERE k < df)
    SELECT sin(angle) * max(total) FROM series) AS total
  FROM angled),
tested AS (
  SELECT *, coalesce((SELECT t975 FROM t_quantile WHERE t_quantile.df = summed.df), 1.959963984540054) * error AS half,
    max(1e-15, 1 - CASE df % 2 WHEN 0 THEN total ELSE (angle + total) * 2 / pi() END) AS p
  FROM summed),
weighted AS (
  SELECT *, (family + 1 - row_number() OVER (PARTITION BY study, baseline, baseline_stage, stage ORDER BY p IS NULL, p, arm_id)) * p AS product
  FROM tested)
SELECT study, stage, baseline, arm, axes, n, mean AS mean_difference, mean - half AS lo95, mean + half AS hi95, p,
  CASE WHEN p IS NOT NULL THEN
    min(1.0, max(product) OVER (PARTITION BY study, baseline, baseline_stage, stage ORDER BY p IS NULL, p, arm_id)) END AS p_holm,
  (SELECT count(*) FROM study_cell WHERE arm = baseline_id AND current)
    + (SELECT count(*) FROM study_cell WHERE study_cell.arm = weighted.arm_id AND current) - shared - n AS missing,
  sd, mean + half < 0 AS negative, baseline_stage, baseline_axes, family, position
FROM weighted;

-- Arms that differ in the cut alone, by cut. The last axis so called is the cell's own: those of its source come before.
CREATE VIEW layers AS
SELECT leaderboard.study AS study, leaderboard.name AS arm, cut.value AS cut, n, mean, sd, lo95, hi95, missing, stage,
  json_remove(factors, '$."' || cut.key || '"') AS axes, position
FROM leaderboard JOIN json_each(factors) AS cut
WHERE cut.id = (SELECT max(id) FROM json_each(leaderboard.factors) WHERE key = 'cut' OR key LIKE '%.cut')
ORDER BY study, stage, 2, cut;
)sql";

}  // namespace

std::string statistics_views() { return kViews; }

}  // namespace cambium
