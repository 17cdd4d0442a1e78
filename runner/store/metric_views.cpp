#include <fmt/format.h>

#include "store/layout.h"

namespace cambium {
namespace {

// `better`: 1 where higher is, -1 where lower is, 0 where neither can be said. `parts`: 1 for what is a part of a
// whole, as an accuracy is, and is told in percent.
constexpr const char* kViews = R"sql(
CREATE VIEW known_metric AS
SELECT id, name,
  CASE WHEN base IN ('cka', 'weight_distance', 'gradient_norm', 'filters', 'taps', 'lr', 'best_epoch')
      OR name LIKE 'hscore%.shrinkage' OR name LIKE 'ece%.confidence' OR name LIKE 'a_distance%.error' THEN 0
    WHEN base IN ('logme', 'leep', 'nce', 'hscore', 'knn', 'per_class') OR base LIKE '%accuracy%' OR name LIKE 'ece%.accuracy' THEN 1
    WHEN base IN ('ece', 'bound', 'a_distance') OR base LIKE '%loss%' THEN -1 ELSE 0 END AS better,
  base IN ('ece', 'knn', 'per_class') OR base LIKE '%accuracy%' AS parts
FROM (SELECT id, name, substr(name, 1, min(instr(name || '(', '('), instr(name || '.', '.')) - 1) AS base FROM metric);

-- A current cell of a study with its value of a metric, if it has one: at the end of the newest attempt that is done, or as
-- measured.
CREATE VIEW cell_value AS
SELECT metric.name AS metric, study.name AS study, arm.study AS study_id, arm.stage AS stage, arm.id AS arm_id, arm.label AS arm,
  arm.name AS name, arm.factors AS factors, coalesce(arm.common, arm.factors) AS common, arm.axes AS axes,
  study_cell.replicate AS replicate, cell.seed AS seed, study_cell.position AS position,
  cell.id AS cell_id, cell.identity AS identity,
  (SELECT last FROM summary WHERE metric = (SELECT id FROM metric WHERE name = 'test_accuracy_best_val')
    AND run = (SELECT id FROM run WHERE run.cell = cell.id AND state = 'done' ORDER BY attempt DESC LIMIT 1)) AS best_val,
  coalesce(
    (SELECT last FROM summary WHERE summary.metric = metric.id
      AND run = (SELECT id FROM run WHERE run.cell = cell.id AND state = 'done' ORDER BY attempt DESC LIMIT 1)),
    (SELECT measured_value.value FROM measurement JOIN measured_value ON measured_value.measurement = measurement.id
      WHERE measurement.cell = cell.id AND measurement.failure IS NULL AND {measured} = metric.name)) AS value
FROM metric CROSS JOIN study CROSS JOIN arm ON arm.study = study.id CROSS JOIN study_cell ON study_cell.arm = arm.id
CROSS JOIN cell ON cell.id = study_cell.cell
WHERE study_cell.current;

CREATE VIEW metrics AS
WITH named AS (
  SELECT study_cell.arm AS arm, metric.name AS name, run.cell AS cell
  FROM study_cell JOIN run ON run.cell = study_cell.cell AND run.state = 'done'
  JOIN summary ON summary.run = run.id JOIN metric ON metric.id = summary.metric WHERE study_cell.current
  UNION
  SELECT study_cell.arm, {measured}, measurement.cell
  FROM study_cell JOIN measurement ON measurement.cell = study_cell.cell AND measurement.failure IS NULL
  JOIN measured_value ON measured_value.measurement = measurement.id
  WHERE study_cell.current AND measurement.measure NOT LIKE 'confusion%')
SELECT study.name AS study, named.name AS metric, count(DISTINCT cell) AS cells,
  CASE better WHEN 1 THEN 'higher' WHEN -1 THEN 'lower' END AS better, parts
FROM study JOIN arm ON arm.study = study.id JOIN named ON named.arm = arm.id JOIN known_metric ON known_metric.name = named.name
GROUP BY study.id, named.name;
)sql";

}  // namespace

std::string measured_metric() {
  return "measurement.measure || CASE WHEN measured_value.key = substr(measurement.measure, 1, "
         "instr(measurement.measure || '(', '(') - 1) OR (measurement.measure LIKE 'knn%' AND measured_value.key = "
         "'accuracy') THEN '' ELSE '.' || measured_value.key END";
}

std::string metric_views() { return fmt::format(kViews, fmt::arg("measured", measured_metric())); }

}  // namespace cambium
