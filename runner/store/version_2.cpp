#include <filesystem>
#include <utility>
#include <vector>

#include "store/choices.h"
#include "store/database.h"
#include "store/layout.h"
#include "store/place.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

// SQLite cannot take a CHECK out of a table, so the tables are made anew. What refers to them refers to their names.
constexpr const char* kFailureKinds = R"sql(
PRAGMA legacy_alter_table = ON;
CREATE TABLE new_run (
  id INTEGER PRIMARY KEY,
  cell INTEGER NOT NULL REFERENCES cell,
  attempt INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'interrupted')),
  failure TEXT,
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
  plugins TEXT NOT NULL DEFAULT '',
  UNIQUE (cell, attempt)
);
INSERT INTO new_run
SELECT id, cell, attempt, state, CASE failure WHEN 'signal' THEN 'plugin' WHEN 'killed' THEN 'machine' ELSE failure END,
  started, finished, seconds, epochs, resumed_epoch, trainable, total, train_images, selection, provenance, event_offset,
  next_seq, told_end, error, hint, log, ''
FROM run;
DROP TABLE run;
ALTER TABLE new_run RENAME TO run;
CREATE INDEX run_running ON run (id) WHERE state = 'running';

CREATE TABLE new_measurement (
  id INTEGER PRIMARY KEY,
  cell INTEGER NOT NULL REFERENCES cell,
  measure TEXT NOT NULL,
  failure TEXT,
  error TEXT,
  hint TEXT,
  time REAL NOT NULL,
  seconds REAL NOT NULL,
  UNIQUE (cell, measure)
);
INSERT INTO new_measurement
SELECT id, cell, measure, CASE failure WHEN 'signal' THEN 'plugin' WHEN 'killed' THEN 'machine' ELSE failure END, error,
  hint, time, seconds
FROM measurement;
DROP TABLE measurement;
ALTER TABLE new_measurement RENAME TO measurement;
PRAGMA legacy_alter_table = OFF;
)sql";

constexpr const char* kStatements = R"sql(
-- What is to be known of the file itself.
CREATE TABLE setting (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

ALTER TABLE run ADD COLUMN note TEXT;

-- "all" or "sources": which networks the study keeps; NULL where it is not known.
ALTER TABLE study ADD COLUMN keep TEXT;
)sql";

/// Version 1 took the extension off any name, ".sqlite" and the ".1" of "lr0.1" too, to name the folder of its files.
/// A database that has such a folder keeps it.
fs::path keep_old_folder(Database& database) {
  const fs::path old = fs::path(database.path()).replace_extension(".files");
  const fs::path extension = database.path().extension();
  if (database.integer("SELECT EXISTS (SELECT 1 FROM run)") != 0 && !extension.empty() && extension != ".db")
    database.prepared("INSERT INTO setting VALUES ('old extension', ?)").run(extension.string());
  return old;
}

void make_relative(Database& database, const std::string& table, const std::string& key, const fs::path& folder) {
  std::vector<std::pair<std::pair<std::int64_t, std::string>, std::string>> all;
  Statement& find = database.prepared("SELECT " + key + ", kind, path FROM " + table);
  find.bind();
  while (find.step()) all.push_back({{find.integer(0), find.text(1)}, find.text(2)});
  Statement& put = database.prepared("UPDATE " + table + " SET path = ?3 WHERE " + key + " = ?1 AND kind = ?2");
  for (const auto& [where, path] : all)
    if (const std::string stored = stored_path(path, folder); stored != path)
      put.run(where.first, where.second, stored);
}

}  // namespace

void make_version_2(Database& database) {
  database.execute(kFailureKinds);
  database.execute(kStatements);
  const fs::path folder = keep_old_folder(database);
  make_relative(database, "artifact", "run", folder);
  make_relative(database, "measured_file", "measurement", folder);
  add_choices(database);
  add_measure_versions(database);
}

}  // namespace cambium
