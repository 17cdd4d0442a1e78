#include <fmt/format.h>

#include "store/averages.h"
#include "store/layout.h"

namespace cambium {
namespace {

// Public interface, described in docs/database.md and docs/statistics.md; as in views.cpp, singular names are private.
constexpr const char* kViews = R"sql(
-- The arms of stages that choose: those of one contest are ranked by the metric of the choice. One that lacks cells comes
-- after those that have all: what failed may not be like the others.
CREATE VIEW ranked_arm AS
WITH {ranked}
SELECT arm.study AS study_id, arm.stage AS stage, arm.label AS arm, arm_id, metric, first AS position, mean AS score,
  count(*) OVER contest AS tried, sum(cells > n) OVER contest AS lacking, row_number() OVER best AS rank
FROM spread JOIN arm ON arm.id = arm_id JOIN (SELECT name AS called, better FROM known_metric) ON called = metric
WINDOW contest AS (PARTITION BY arm.study, arm.stage, arm.name, arm.contest),
  best AS (PARTITION BY arm.study, arm.stage, arm.name, arm.contest ORDER BY mean IS NULL, cells - n, mean * better DESC, first);

CREATE VIEW choices AS
SELECT study.name AS study, stage, arm, tried, metric AS chosen_by, score, lacking, position
FROM ranked_arm JOIN study ON study.id = study_id WHERE rank = 1;

CREATE VIEW means AS
WITH {averaged},
scored AS (
  SELECT *, sd / sqrt(repeats) AS error FROM spread),
bounded AS (
  SELECT *, {half} AS half FROM scored)
SELECT bounded.study AS study, arm.stage AS stage, strategy, arm.label AS arm, axes, n, cells - n AS missing, mean, sd, mean - half AS lo95,
  mean + half AS hi95, trainable, total, (SELECT avg(seconds) FROM study_cell JOIN run
      ON run.id = (SELECT id FROM run WHERE run.cell = study_cell.cell AND state = 'done' ORDER BY attempt DESC LIMIT 1)
    WHERE study_cell.arm = arm_id AND current) AS seconds, mean_best_val, backbone, dataset, first AS position, arm.name AS name,
  factors, metric, repeats, coalesce(rank = 1, 1) AS chosen, tried, chosen_by, score, coalesce(common, factors) AS common
FROM bounded JOIN arm ON arm.id = arm_id JOIN cell ON cell.id = cell_id
LEFT JOIN (SELECT arm_id AS ranked_id, metric AS chosen_by, score, tried, rank FROM ranked_arm) ON ranked_id = arm_id;

CREATE VIEW leaderboard AS
SELECT study, stage, strategy, arm, axes, n, missing, mean, sd, lo95, hi95, trainable, total, seconds, mean_best_val, backbone,
  dataset, position, name, factors, repeats, tried, chosen_by, score, common
FROM means WHERE metric = 'test_accuracy' AND chosen;
)sql";

constexpr const char* kRanked = R"sql(
  SELECT cell_value.metric AS metric, arm_id, study_id, position, replicate, seed, value FROM choice CROSS JOIN study ON study.id = choice.study CROSS JOIN cell_value
    ON cell_value.metric = choice.metric AND cell_value.study = study.name AND cell_value.stage = choice.stage)sql";

constexpr const char* kAll = R"sql(
  SELECT metric, study, arm_id, cell_id, position, replicate, seed, value, best_val FROM cell_value)sql";

}  // namespace

std::string mean_views() {
  return fmt::format(kViews, fmt::arg("ranked", averaged(kRanked, "arm_id")),
                     fmt::arg("averaged", averaged(kAll, "arm_id, metric, study", "best_val")),
                     fmt::arg("half", half_interval("scored")));
}

}  // namespace cambium
