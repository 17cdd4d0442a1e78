#include "study/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "cambium/schema.h"
#include "study/axes.h"
#include "study/toml.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

class Loader {
 public:
  Loader(Problems& problems, std::string& text) : problems_(problems), text_(text) {}

  /// `from`: where the file was asked for, for messages.
  std::optional<Value> load(const fs::path& path, const Place& from) {
    std::error_code ignored;
    const fs::path real = fs::weakly_canonical(path, ignored);
    if (std::find(open_.begin(), open_.end(), real) != open_.end()) {
      problems_.error(from, fmt::format("{} includes itself", path.string()),
                      "take the include out of one of the files");
      return std::nullopt;
    }
    if (const auto known = loaded_.find(real); known != loaded_.end()) return known->second;
    const std::string what = no_file(path);
    std::ifstream file;
    if (what.empty()) file.open(path, std::ios::binary);
    if (!file.is_open()) {
      problems_.error(from,
                      fmt::format("cannot read {}: {}", path.string(), what.empty() ? std::strerror(errno) : what),
                      "give the path of a study file");
      return loaded_[real] = std::nullopt;
    }
    std::stringstream content;
    content << file.rdbuf();
    open_.push_back(real);
    text_ += fmt::format("# file: {}\n{}", path.string(), content.str());
    if (!text_.empty() && text_.back() != '\n') text_ += '\n';
    auto root = parse_toml(content.str(), path.string(), problems_);
    if (root) flatten_grids(*root);
    if (root) root = with_includes(std::move(*root), path);
    open_.pop_back();
    return loaded_[real] = root;
  }

 private:
  /// What `path` is, where it is nothing that can be read to an end. What a shell makes of <(...) is a pipe that can.
  std::string no_file(const fs::path& path) const {
    std::error_code ignored;
    const fs::file_status status = fs::status(path, ignored);
    if (fs::is_directory(status)) return "it is a folder";
    if (!fs::exists(status) || fs::is_regular_file(status)) return "";
    if (fs::is_fifo(status) && open_.empty() && path.string().rfind("/dev/fd/", 0) == 0) return "";
    return fs::is_fifo(status) ? "it is a pipe" : "it is no regular file";
  }

  void flatten_grids(Value& root) {
    Value* stages = root.find("stage");
    if (!stages || !stages->is_table()) return;
    for (Value::Member& stage : stages->table())
      if (Value* grid = stage.value.find("grid"); grid && grid->is_table()) *grid = flatten_grid(*grid, problems_);
  }

  std::optional<Value> with_includes(Value root, const fs::path& path) {
    const Value* include = root.find("include");
    if (!include) return root;
    std::vector<Value> files = include->is_array() ? include->array() : std::vector<Value>{*include};
    Value merged{Value::Table{}, root.place};
    for (const Value& file : files) {
      if (!file.is_string()) {
        problems_.error(file.place, fmt::format("include is {}, not a file name", describe(file)),
                        "write include = \"base.toml\", or a list of names");
        continue;
      }
      if (auto base = load(path.parent_path() / file.string(), file.place)) merge(merged, *base);
    }
    auto& members = root.table();
    members.erase(std::remove_if(members.begin(), members.end(), [](const auto& m) { return m.key == "include"; }),
                  members.end());
    merge(merged, root);
    return merged;
  }

  Problems& problems_;
  std::string& text_;
  std::vector<fs::path> open_;
  std::map<fs::path, std::optional<Value>> loaded_;  ///< what several files include is read once
};

/// KEY of KEY=VALUE in its steps, and where VALUE begins. Steps may be quoted, as in the file: stage."v1.0".train.lr.
struct SetKey {
  std::vector<std::string> steps = {""};
  std::size_t value = 0;  ///< 0: there is no KEY=
};

SetKey read_set_key(const std::string& set) {
  SetKey key;
  char quote = 0;
  for (std::size_t i = 0; i < set.size(); ++i) {
    const char c = set[i];
    if (quote != 0 ? c == quote : c == '"' || c == '\'') {
      quote = quote != 0 ? 0 : c;
    } else if (quote == 0 && c == '.') {
      key.steps.emplace_back();
    } else if (quote == 0 && c == '=') {
      key.value = i == 0 ? 0 : i + 1;
      return key;
    } else if (quote != 0 || c != ' ') {
      key.steps.back() += c;
    }
  }
  return key;
}

std::string joined(const std::vector<std::string>& steps, std::size_t from, std::size_t to) {
  return fmt::format("{}", fmt::join(steps.begin() + std::ptrdiff_t(from), steps.begin() + std::ptrdiff_t(to), "."));
}

/// How many of the steps after "stage" are the stage's name, which may have dots that were not quoted; 0: it is none.
std::size_t steps_of_name(const Value& stages, const std::vector<std::string>& steps) {
  for (std::size_t count = steps.size() < 3 ? 0 : steps.size() - 2; count > 0; --count)
    if (const Value* stage = stages.find(joined(steps, 1, 1 + count)); stage && stage->is_table()) return count;
  return 0;
}

void apply_set(const std::string& set, LoadedStudy& study, Problems& problems) {
  const Place place{"--set " + set, 0, 0};
  const SetKey given = read_set_key(set);
  if (given.value == 0) {
    problems.error(place, "--set takes KEY=VALUE", "write, for instance, --set stage.transfer.train.lr=0.01");
    return;
  }
  const std::vector<std::string>& steps = given.steps;
  const std::string key = joined(steps, 0, steps.size());
  const auto value = parse_toml_value(set.substr(given.value), place, problems);
  if (!value) return;

  if (steps.size() >= 2 && steps[0] == "study") {
    assign(study.root, key, *value, place);
    return;
  }
  Value* stages = study.root.find("stage");
  if (steps.size() < 3 || steps[0] != "stage" || !stages || !stages->is_table()) {
    problems.error(place, fmt::format("{} is no key of a study", key),
                   "begin with study. or stage.NAME., as in stage.transfer.train.lr");
    return;
  }
  const std::size_t named = steps_of_name(*stages, steps);
  if (named == 0) {
    std::vector<std::string> names;
    for (const auto& member : stages->table()) names.push_back(quoted_step(member.key));
    const auto near = suggestion(steps[1], names);
    problems.error(
        place, fmt::format("the study has no stage {}", steps[1]),
        near ? fmt::format("did you mean {}?", *near) : fmt::format("its stages are {}", fmt::join(names, ", ")));
    return;
  }
  const std::string name = joined(steps, 1, 1 + named), rest = joined(steps, 1 + named, steps.size());
  const std::string& head = steps[1 + named];
  Value* stage = stages->find(name);
  if (rest.rfind("grid.", 0) == 0) {  // dotted keys, as flatten_grid() leaves them
    if (!stage->find("grid")) stage->set("grid", place, Value{Value::Table{}, place});
    stage->find("grid")->set(rest.substr(5), place, *value);
    return;
  }
  // "strategy" alone means strategy = { plugin = "strategy" }; setting a key below it must not lose the plugin.
  if (Value* part = stage->find(head); rest != head && part && part->is_string()) {
    Value table{Value::Table{}, part->place};
    table.set("plugin", part->place, *part);
    *part = table;
  }
  assign(*stage, rest, *value, place);
  study.stage_sets.push_back({name, rest, place});
}

}  // namespace

std::optional<LoadedStudy> load_study(const fs::path& path, const std::vector<std::string>& sets, Problems& problems) {
  LoadedStudy study;
  auto root = Loader(problems, study.text).load(path, Place{path.string(), 0, 0});
  if (!root) return std::nullopt;
  study.root = std::move(*root);
  for (const std::string& set : sets) {
    apply_set(set, study, problems);
    study.text += "# --set " + set + "\n";
  }
  return study;
}

}  // namespace cambium
