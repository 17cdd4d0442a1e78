#include "store/put_study.h"

#include <fmt/format.h>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace cambium {
namespace {

std::optional<std::string_view> if_any(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}

/// The study's number; its text is kept as a new revision where it is not the newest one already.
std::int64_t enter_study(Database& database, const StudyRecord& study, double time) {
  database.prepared("INSERT INTO study (name, revision) VALUES (?, 0) ON CONFLICT DO NOTHING").run(study.name);
  Statement& find = database.prepared(
      "SELECT id, EXISTS (SELECT 1 FROM study_revision AS r WHERE r.study = study.id AND r.revision = study.revision "
      "AND r.path = ?2 AND r.text = ?3) FROM study WHERE name = ?1");
  find.bind(study.name, study.path, study.text).step();
  const std::int64_t id = find.integer(0);
  const bool known = find.integer(1) != 0;
  find.reset();
  if (!known) {
    database.prepared("UPDATE study SET revision = revision + 1 WHERE id = ?").run(id);
    database.prepared("INSERT INTO study_revision SELECT id, revision, ?2, ?3, ?4 FROM study WHERE id = ?1")
        .run(id, time, study.path, study.text);
  }
  database.prepared("UPDATE study SET baseline = ?2, warnings = ?3, keep = ?4 WHERE id = ?1")
      .run(id, if_any(study.baseline), if_any(study.warnings), study.keep_all ? "all" : "sources");
  database.prepared("DELETE FROM choice WHERE study = ?").run(id);
  for (const ChoiceRecord& choice : study.choices) {
    database.prepared("INSERT INTO metric (name) VALUES (?) ON CONFLICT DO NOTHING").run(choice.metric);
    database.prepared("INSERT INTO choice VALUES (?, ?, ?)").run(id, choice.stage, choice.metric);
  }
  return id;
}

std::int64_t enter_cell(Database& database, const CellRecord& cell) {
  Statement& insert = database.prepared(
      "INSERT INTO cell (identity, group_identity, seed, backbone, dataset, strategy, source, trainable, total) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
  insert.run(cell.identity, cell.group, cell.seed, cell.backbone, cell.dataset, cell.strategy, if_any(cell.source),
             cell.trainable, cell.total);
  if (database.changes() > 0) {
    const std::int64_t id = database.last_insert_id();
    database.prepared("INSERT INTO config VALUES (?, ?)").run(id, cell.config);
    return id;
  }
  Statement& find = database.prepared("SELECT id FROM cell WHERE identity = ?");
  find.bind(cell.identity).step();
  const std::int64_t id = find.integer(0);
  find.reset();
  return id;
}

/// The study's arms, each entered once.
class Arms {
 public:
  Arms(Database& database, std::int64_t study) : database_(database), study_(study) {}

  std::int64_t enter(const EntryRecord& entry) {
    const auto [found, added] = known_.try_emplace(Key{entry.stage, entry.axes, entry.arm}, 0);
    if (added) {
      Statement& put = database_.prepared(
          "INSERT INTO arm (study, stage, axes, label, name, factors, contest, common) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
          "ON CONFLICT DO UPDATE SET name = excluded.name, factors = excluded.factors, contest = excluded.contest, "
          "common = excluded.common RETURNING id");
      put.bind(study_, entry.stage, entry.axes, entry.arm, entry.name, entry.factors, if_any(entry.contest),
               if_any(entry.common))
          .step();
      found->second = put.integer(0);
      put.step();
    }
    return found->second;
  }

 private:
  using Key = std::array<std::string_view, 3>;
  struct Hash {
    std::size_t operator()(const Key& key) const {
      const std::hash<std::string_view> hash;
      return hash(key[0]) ^ hash(key[1]) * 31 ^ hash(key[2]) * 961;
    }
  };

  Database& database_;
  std::int64_t study_;
  std::unordered_map<Key, std::int64_t, Hash> known_;
};

}  // namespace

void put_study(Database& database, const StudyRecord& study, double time) {
  const std::int64_t id = enter_study(database, study, time);
  std::unordered_map<std::string_view, std::int64_t> cells;
  cells.reserve(study.cells.size());
  for (const CellRecord& cell : study.cells) cells.emplace(cell.identity, enter_cell(database, cell));

  database
      .prepared("UPDATE study_cell SET current = 0 WHERE current = 1 AND arm IN (SELECT id FROM arm WHERE study = ?)")
      .run(id);
  Statement& place = database.prepared(
      "INSERT INTO study_cell VALUES (?, ?, ?, ?, 1) "
      "ON CONFLICT DO UPDATE SET replicate = excluded.replicate, position = excluded.position, current = 1");
  Arms arms(database, id);
  std::int64_t position = 0;
  for (const EntryRecord& entry : study.entries) {
    const auto found = cells.find(entry.identity);
    if (found == cells.end()) {
      throw Error(ErrorKind::Store, fmt::format("study {}: entry {} is of a cell that the study does not have",
                                                study.name, entry.identity));
    }
    place.run(arms.enter(entry), found->second, entry.replicate, position++);
  }
}

std::optional<KnownStudy> known_study(Database& database, const std::string& name) {
  Statement& find = database.prepared(
      "SELECT study.id, r.path, r.text FROM study JOIN study_revision AS r ON r.study = study.id AND r.revision = "
      "study.revision WHERE study.name = ?");
  if (!find.bind(name).step()) return std::nullopt;
  const std::int64_t id = find.integer(0);
  KnownStudy known{find.text(1), find.text(2), {}};
  find.reset();
  Statement& cells = database.prepared(
      "SELECT DISTINCT cell.identity FROM arm JOIN study_cell ON study_cell.arm = arm.id JOIN cell ON cell.id = "
      "study_cell.cell WHERE arm.study = ? AND study_cell.current");
  cells.bind(id);
  while (cells.step()) known.cells.push_back(cells.text(0));
  return known;
}

}  // namespace cambium
