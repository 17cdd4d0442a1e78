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

constexpr const char* kStatements = R"sql(
-- What is to be known of the file itself.
CREATE TABLE setting (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

ALTER TABLE run ADD COLUMN note TEXT;
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
  database.execute(kStatements);
  const fs::path folder = keep_old_folder(database);
  make_relative(database, "artifact", "run", folder);
  make_relative(database, "measured_file", "measurement", folder);
  add_choices(database);
  add_measure_versions(database);
}

}  // namespace cambium
