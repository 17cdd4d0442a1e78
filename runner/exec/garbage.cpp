#include "exec/garbage.h"

#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <unordered_map>

namespace cambium {
namespace {

namespace fs = std::filesystem;
using Kind = Garbage::Kind;

/// What is known of the cell whose files begin with 16 digits of its identity.
struct CellUse {
  bool weights = false;     ///< are kept: a study asks for them, or something that is in a study starts from them
  bool checkpoint = false;  ///< is of use: the cell is in a study and not done
};

std::unordered_map<std::string, CellUse> uses(const Store& store) {
  const Table cells = store.query(R"sql(
WITH present AS (SELECT study_cell.cell AS cell, max(study.keep IS NOT 'sources') AS keep
  FROM study_cell JOIN arm ON arm.id = study_cell.arm JOIN study ON study.id = arm.study WHERE study_cell.current GROUP BY 1)
SELECT substr(cell.identity, 1, 16), present.cell IS NOT NULL, coalesce(present.keep, 0)
  OR cell.identity IN (SELECT other.source FROM cell AS other JOIN present ON present.cell = other.id WHERE other.source IS NOT NULL)
  OR (present.cell IS NOT NULL AND cell.id IN (SELECT cell FROM measurement)),
  cell.id IN (SELECT cell FROM run WHERE state = 'done')
FROM cell LEFT JOIN present ON present.cell = cell.id)sql");
  std::unordered_map<std::string, CellUse> result;
  const auto is = [](const Field& field) { return std::get<std::int64_t>(field) != 0; };
  for (const auto& row : cells.rows) result[std::get<std::string>(row[0])] = {is(row[2]), is(row[1]) && !is(row[3])};
  return result;
}

class Finder {
 public:
  explicit Finder(double days) : before_(std::time(nullptr) - std::time_t(days * 86400)) {}

  /// The files of a folder that `goes` says.
  template <class Goes>
  void look(const fs::path& folder, Kind kind, Goes goes) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      if (!entry.is_regular_file(ignored) || entry.is_symlink(ignored)) continue;
      const bool part = entry.path().extension().string().rfind(".part", 0) == 0;
      if (part || goes(entry.path())) add(entry.path(), part ? Kind::Leftover : kind);
    }
  }

  /// Whether nobody has read or written it for so long.
  bool is_old(const fs::path& path) const {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && std::max(info.st_mtime, info.st_atime) < before_;
  }

  std::vector<Garbage> found;

 private:
  void add(const fs::path& path, Kind kind) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return;
    found.push_back({kind, path, std::uintmax_t(info.st_blocks) * 512});  // some files are sparse
  }

  std::time_t before_;
};

}  // namespace

const char* to_string(Kind kind) {
  constexpr const char* kNames[] = {"weights", "checkpoints", "leftovers", "logs", "taps", "answers", "decoded images"};
  return kNames[int(kind)];
}

const char* reason(Kind kind) {
  constexpr const char* kReasons[] = {
      "no study keeps them, and nothing in a study starts from them",
      "their cells are done, or in no study any more",
      "of workers that were killed while they wrote",
      "what workers printed; failures have their last lines in the database",
      "of frozen layers, not used for long; computed again when needed",
      "of plugins, not used for long; asked for again when needed",
      "not used for long; decoded again when needed",
  };
  return kReasons[int(kind)];
}

std::vector<Garbage> find_garbage(const Store& store, const fs::path& cache, double days) {
  const auto cells = uses(store);
  const auto use = [&](const fs::path& file) {
    const auto found = cells.find(file.filename().string().substr(0, 16));
    return found == cells.end() ? CellUse{} : found->second;
  };
  const fs::path files = store.files();
  Finder finder(days);
  finder.look(files / "weights", Kind::Weights, [&](const fs::path& file) { return !use(file).weights; });
  finder.look(files / "checkpoints", Kind::Checkpoint, [&](const fs::path& file) { return !use(file).checkpoint; });
  finder.look(files / "measures", Kind::Leftover, [](const fs::path&) { return false; });
  finder.look(files / "logs", Kind::Log, [](const fs::path&) { return true; });
  finder.look(files / "taps", Kind::Taps, [&](const fs::path& file) { return finder.is_old(file); });
  if (!cache.empty()) {
    finder.look(cache, Kind::Answer,
                [&](const fs::path& file) { return file.extension() == ".json" && finder.is_old(file); });
    finder.look(cache / "images", Kind::Image, [&](const fs::path& file) { return finder.is_old(file); });
  }
  return std::move(finder.found);
}

std::vector<Garbage> remove_garbage(Store& store, const std::vector<Garbage>& garbage) {
  std::vector<Garbage> left;
  std::vector<fs::path> weights;
  for (const Garbage& one : garbage) {
    std::error_code failed;
    fs::remove(one.path, failed);
    if (failed)
      left.push_back(one);
    else if (one.kind == Kind::Weights)
      weights.push_back(one.path);
  }
  store.forget_weights(weights);
  return left;
}

}  // namespace cambium
