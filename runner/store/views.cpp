#include "store/layout.h"

namespace cambium {
namespace {

// Public interface, described in docs/database.md: plain SQL for SQLite 3.35 with its math and JSON functions. Singular
// names are steps on the way and private, like the tables.
constexpr const char* kViews = R"sql(
-- Where the files lie that belong to the database: "x.files" beside "x.db". No two names come to one folder. An older
-- database keeps the one that it has: see version_2.cpp.
CREATE VIEW files_folder AS
SELECT CASE
  WHEN old.value IS NOT NULL AND substr(file, -length(old.value)) = old.value
    THEN substr(file, 1, length(file) - length(old.value)) || '.files'
  WHEN substr(file, -3) = '.db' AND substr(file, -6) <> '.db.db' THEN substr(file, 1, length(file) - 3) || '.files'
  ELSE file || '.db.files'
END AS path
FROM pragma_database_list AS list LEFT JOIN setting AS old ON old.name = 'old extension' WHERE list.name = 'main';

-- A run with its last value of each metric that has a column of its own.
CREATE VIEW run_result AS
SELECT run.*,
  (SELECT last FROM summary WHERE run = run.id AND metric = (SELECT id FROM metric WHERE name = 'train_loss')) AS train_loss,
  (SELECT last FROM summary WHERE run = run.id AND metric = (SELECT id FROM metric WHERE name = 'train_accuracy')) AS train_accuracy,
  (SELECT last FROM summary WHERE run = run.id AND metric = (SELECT id FROM metric WHERE name = 'val_loss')) AS val_loss,
  (SELECT last FROM summary WHERE run = run.id AND metric = (SELECT id FROM metric WHERE name = 'val_accuracy')) AS val_accuracy,
  (SELECT last FROM summary WHERE run = run.id AND metric = (SELECT id FROM metric WHERE name = 'test_loss')) AS test_loss,
  (SELECT last FROM summary WHERE run = run.id AND metric = (SELECT id FROM metric WHERE name = 'test_accuracy')) AS test_accuracy,
  (SELECT last FROM summary WHERE run = run.id AND metric = (SELECT id FROM metric WHERE name = 'test_accuracy_best_val')) AS test_accuracy_best_val,
  (SELECT CAST(last AS INTEGER) FROM summary WHERE run = run.id AND metric = (SELECT id FROM metric WHERE name = 'best_epoch')) AS best_epoch
FROM run;

-- An attempt that was stopped is outranked where the one before it, those that were stopped left out, is done.
CREATE VIEW ranked_run AS
SELECT id, cell, attempt, (state = 'interrupted' OR coalesce(failure IN ('machine', 'memory'), 0)) AND 'done' IS (
    SELECT other.state FROM run AS other WHERE other.cell = run.cell AND other.attempt < run.attempt
      AND NOT (other.state = 'interrupted' OR coalesce(other.failure IN ('machine', 'memory'), 0)) ORDER BY other.attempt DESC LIMIT 1) AS outranked
FROM run;

-- A cell's place in a study, and the cell.
CREATE VIEW placed_cell AS
SELECT study.name AS study, arm.stage AS stage, arm.id AS arm_id, arm.label AS arm, arm.name AS name, arm.factors AS factors, arm.axes AS axes,
  study_cell.replicate AS replicate, study_cell.position AS position, study_cell.current AS current,
  cell.id AS cell_id, substr(cell.identity, 1, 12) AS cell, cell.identity AS identity, cell.seed AS seed,
  cell.backbone AS backbone, cell.dataset AS dataset, cell.strategy AS strategy,
  cell.source AS source, cell.trainable AS trainable, cell.total AS total
FROM study_cell JOIN arm ON arm.id = study_cell.arm JOIN study ON study.id = arm.study JOIN cell ON cell.id = study_cell.cell;

CREATE VIEW runs AS
SELECT p.study AS study, p.stage AS stage, p.cell AS cell, run.id AS run, run.attempt AS attempt, run.state AS state, p.seed AS seed,
  p.backbone AS backbone, p.dataset AS dataset, p.strategy AS strategy,
  run.test_accuracy AS test_accuracy, run.val_accuracy AS val_accuracy, run.train_loss AS train_loss, run.seconds AS seconds,
  run.error AS error,
  p.arm AS arm, p.axes AS axes, run.failure AS failure, run.epochs AS epochs, run.resumed_epoch AS resumed_epoch,
  datetime(run.started, 'unixepoch') AS started, datetime(run.finished, 'unixepoch') AS finished,
  run.test_accuracy_best_val AS test_accuracy_best_val, run.best_epoch AS best_epoch, run.test_loss AS test_loss,
  run.val_loss AS val_loss, run.train_accuracy AS train_accuracy, run.train_images AS train_images,
  coalesce(run.trainable, p.trainable) AS trainable, coalesce(run.total, p.total) AS total,
  p.position AS position, p.identity AS identity, p.current AS current, run.selection AS selection,
  (SELECT json FROM provenance WHERE id = run.provenance) AS provenance, p.replicate AS replicate, run.note AS note
FROM placed_cell AS p JOIN run_result AS run ON run.cell = p.cell_id
UNION ALL
SELECT p.study, p.stage, p.cell, NULL, NULL, 'skipped', p.seed, p.backbone, p.dataset, p.strategy, NULL, NULL, NULL, NULL, skip.reason,
  p.arm, p.axes, NULL, 0, NULL, NULL, datetime(skip.time, 'unixepoch'), NULL, NULL, NULL, NULL, NULL, NULL,
  p.trainable, p.total, p.position, p.identity, p.current, NULL, NULL, p.replicate, NULL
FROM placed_cell AS p JOIN skip ON skip.cell = p.cell_id;

CREATE VIEW cells AS
SELECT p.study AS study, p.stage AS stage, p.cell AS cell, p.identity AS identity, p.arm AS arm, p.axes AS axes, p.seed AS seed,
  p.backbone AS backbone, p.dataset AS dataset, p.strategy AS strategy,
  CASE WHEN skip.cell IS NOT NULL THEN 'skipped' ELSE coalesce(run.state, 'pending') END AS state,
  (SELECT coalesce(max(attempt), 0) FROM run WHERE run.cell = p.cell_id) AS attempts, coalesce(run.epochs, 0) AS epochs,
  run.test_accuracy AS test_accuracy, run.seconds AS seconds, coalesce(skip.reason, run.error) AS error,
  substr(p.source, 1, 12) AS source, p.trainable AS trainable, p.total AS total, p.position AS position,
  (SELECT json FROM config WHERE config.cell = p.cell_id) AS config,
  p.replicate AS replicate, CASE WHEN skip.cell IS NULL THEN run.failure END AS failure
FROM placed_cell AS p
LEFT JOIN run_result AS run
  ON run.id = (SELECT id FROM ranked_run AS r WHERE r.cell = p.cell_id ORDER BY outranked, attempt DESC LIMIT 1)
LEFT JOIN skip ON skip.cell = p.cell_id
WHERE p.current;

CREATE VIEW curves AS
SELECT p.study AS study, p.stage AS stage, p.cell AS cell, p.seed AS seed, p.strategy AS strategy, metric.name AS metric,
  point.step AS step, point.value AS value, p.arm AS arm, p.axes AS axes, run.attempt AS attempt
FROM placed_cell AS p
JOIN run ON run.id = (SELECT id FROM ranked_run AS r
                      WHERE r.cell = p.cell_id AND EXISTS (SELECT 1 FROM summary WHERE summary.run = r.id)
                      ORDER BY outranked, attempt DESC LIMIT 1)
JOIN point ON point.run = run.id JOIN metric ON metric.id = point.metric
WHERE p.current;

CREATE VIEW failures AS
SELECT p.study AS study, p.stage AS stage, p.cell AS cell, p.seed AS seed, p.arm AS arm, run.attempt AS attempt,
  coalesce(run.failure, 'error') AS kind, run.error AS error, run.log AS log, datetime(run.finished, 'unixepoch') AS time,
  run.hint AS hint, p.axes AS axes, p.identity AS identity, p.current AS current
FROM placed_cell AS p JOIN run ON run.cell = p.cell_id WHERE run.state = 'failed';

CREATE VIEW artifacts AS
SELECT p.study AS study, p.stage AS stage, p.cell AS cell, p.seed AS seed, p.strategy AS strategy, run.attempt AS attempt,
  artifact.kind AS kind,
  iif(artifact.path LIKE '/%', artifact.path, (SELECT path FROM files_folder) || '/' || artifact.path) AS path,
  artifact.sha256 AS sha256, artifact.bytes AS bytes, p.identity AS identity
FROM placed_cell AS p JOIN run ON run.cell = p.cell_id JOIN artifact ON artifact.run = run.id
UNION ALL
SELECT p.study, p.stage, p.cell, p.seed, p.strategy, NULL, measurement.measure || ' ' || measured_file.kind,
  iif(measured_file.path LIKE '/%', measured_file.path, (SELECT path FROM files_folder) || '/' || measured_file.path),
  measured_file.sha256, measured_file.bytes, p.identity
FROM placed_cell AS p JOIN measurement ON measurement.cell = p.cell_id JOIN measured_file ON measured_file.measurement = measurement.id;

-- Whatever a cell was told, one row a value, with the type that it has in the study.
CREATE VIEW parameters AS
SELECT p.study AS study, p.stage AS stage, p.cell AS cell, p.seed AS seed, p.strategy AS strategy,
  replace(replace(replace(substr(leaf.fullkey, 3), '.settings.', '.'), '.params.', '.'), '"', '') AS key, leaf.atom AS value, leaf.type AS type
FROM placed_cell AS p JOIN config ON config.cell = p.cell_id JOIN json_tree(config.json) AS leaf
WHERE p.current AND leaf.type NOT IN ('object', 'array');

CREATE VIEW studies AS
SELECT study.name AS study, count(cells.cell) AS cells,
  count(CASE WHEN cells.state = 'done' THEN 1 END) AS done, count(CASE WHEN cells.state = 'failed' THEN 1 END) AS failed,
  count(CASE WHEN cells.state = 'skipped' THEN 1 END) AS skipped, count(CASE WHEN cells.state = 'running' THEN 1 END) AS running,
  count(CASE WHEN cells.state = 'interrupted' THEN 1 END) AS interrupted, count(CASE WHEN cells.state = 'pending' THEN 1 END) AS pending,
  study_revision.revision AS revision, datetime(study_revision.entered, 'unixepoch') AS entered, study_revision.path AS path,
  study_revision.text AS text, study.baseline AS baseline, study.warnings AS warnings
FROM study JOIN study_revision ON study_revision.study = study.id AND study_revision.revision = study.revision
LEFT JOIN cells ON cells.study = study.name GROUP BY study.id;
)sql";

}  // namespace

std::string views() { return kViews; }

}  // namespace cambium
