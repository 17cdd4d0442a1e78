#include "store/layout.h"

#include "store/database.h"
#include "store/quantile.h"

namespace cambium {
namespace {

// Times are Unix seconds. A metric that was NaN is a row with NULL: SQLite has no NaN. Infinities are REAL infinities.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE study (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  revision INTEGER NOT NULL,
  baseline TEXT,
  warnings TEXT
);
CREATE TABLE study_revision (
  study INTEGER NOT NULL REFERENCES study,
  revision INTEGER NOT NULL,
  entered REAL NOT NULL,
  path TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (study, revision)
) WITHOUT ROWID;

CREATE TABLE cell (
  id INTEGER PRIMARY KEY,
  identity TEXT NOT NULL UNIQUE,
  group_identity TEXT NOT NULL,
  seed INTEGER NOT NULL,
  backbone TEXT NOT NULL,
  dataset TEXT NOT NULL,
  strategy TEXT NOT NULL,
  source TEXT REFERENCES cell (identity) DEFERRABLE INITIALLY DEFERRED,
  trainable INTEGER NOT NULL,
  total INTEGER NOT NULL
);
CREATE TABLE config (
  cell INTEGER PRIMARY KEY REFERENCES cell,
  json TEXT NOT NULL
);
CREATE TABLE arm (
  id INTEGER PRIMARY KEY,
  study INTEGER NOT NULL REFERENCES study,
  stage TEXT NOT NULL,
  axes TEXT NOT NULL,
  label TEXT NOT NULL,
  name TEXT NOT NULL,
  factors TEXT NOT NULL,
  UNIQUE (study, stage, axes, label)
);
CREATE TABLE study_cell (
  arm INTEGER NOT NULL REFERENCES arm,
  cell INTEGER NOT NULL REFERENCES cell,
  replicate TEXT NOT NULL,
  position INTEGER NOT NULL,
  current INTEGER NOT NULL CHECK (current IN (0, 1)),
  PRIMARY KEY (arm, cell)
) WITHOUT ROWID;
CREATE INDEX study_cell_cell ON study_cell (cell);

CREATE TABLE provenance (
  id INTEGER PRIMARY KEY,
  json TEXT NOT NULL UNIQUE
);
CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  cell INTEGER NOT NULL REFERENCES cell,
  attempt INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'interrupted')),
  failure TEXT CHECK (failure IN ('error', 'diverged', 'signal', 'killed')),
  started REAL NOT NULL,
  finished REAL,
  seconds REAL,
  epochs INTEGER NOT NULL DEFAULT 0,
  resumed_epoch INTEGER,
  trainable INTEGER,
  total INTEGER,
  train_images INTEGER,
  selection TEXT,
  provenance INTEGER REFERENCES provenance,
  event_offset INTEGER NOT NULL DEFAULT 0,
  next_seq INTEGER NOT NULL DEFAULT 0,
  told_end INTEGER NOT NULL DEFAULT 0,
  error TEXT,
  hint TEXT,
  log TEXT,
  UNIQUE (cell, attempt)
);
CREATE INDEX run_running ON run (id) WHERE state = 'running';
CREATE TABLE skip (
  cell INTEGER PRIMARY KEY REFERENCES cell,
  reason TEXT NOT NULL,
  time REAL NOT NULL
);

CREATE TABLE metric (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);
-- No foreign keys, to be looked up a million times over: each (run, metric) has a summary that has them.
CREATE TABLE point (
  run INTEGER NOT NULL,
  metric INTEGER NOT NULL,
  step INTEGER NOT NULL,
  value REAL,
  PRIMARY KEY (run, metric, step)
) WITHOUT ROWID;
CREATE TABLE summary (
  run INTEGER NOT NULL REFERENCES run,
  metric INTEGER NOT NULL REFERENCES metric,
  steps INTEGER NOT NULL,
  last_step INTEGER NOT NULL,
  last REAL,
  minimum REAL,
  maximum REAL,
  PRIMARY KEY (run, metric)
) WITHOUT ROWID;
CREATE TABLE artifact (
  run INTEGER NOT NULL REFERENCES run,
  kind TEXT NOT NULL,
  path TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (run, kind)
) WITHOUT ROWID;

CREATE TABLE t_quantile (
  df INTEGER PRIMARY KEY,
  t975 REAL NOT NULL
);
)sql";

void make_version_1(Database& database) {
  database.execute(kVersion1);
  database.execute(measure_tables());
  Statement& insert = database.prepared("INSERT INTO t_quantile VALUES (?, ?)");
  for (int df = 1; df <= kLargestTabledDf; ++df) insert.run(df, t975(df));
}

}  // namespace

const Layout& layout() {
  static const Layout instance{{make_version_1, make_version_2},
                               views() + metric_views() + mean_views() + statistics_views() + measure_views()};
  return instance;
}

}  // namespace cambium
