#include "study/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cambium/schema.h"
#include "study/axes.h"
#include "study/load.h"
#include "study/misspelt.h"
#include "study/seeds.h"

namespace cambium {
namespace {

const std::vector<std::string> kRootKeys = {"study", "stage", "include", "report"};
const std::vector<std::string> kStudyKeys = {"name",     "seeds",  "description", "weights", "replicates",
                                             "baseline", "detect", "assume_sd",   "allow"};
const std::vector<std::string> kPartKeys = {"backbone", "data", "strategy", "train", "init"};
const std::vector<std::string> kStageKeys = {"backbone", "data",  "strategy", "train", "init",  "grid",     "zip",
                                             "exclude",  "extra", "seeds",    "arm",   "allow", "measures", "select"};

}  // namespace

const std::vector<std::string>& rigour_rules() {
  static const std::vector<std::string> rules = {"finetune-rate", "unequal-steps", "normalisation", "shared-images",
                                                 "test-images",   "few-pairs",     "best-of-n"};
  return rules;
}

namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> read_texts(const std::string& key, const Value& value, Problems& problems) {
  std::vector<std::string> texts;
  bool fine = value.is_array();
  if (fine)
    for (const Value& element : value.array()) {
      fine = fine && element.is_string();
      if (element.is_string()) texts.push_back(element.string());
    }
  if (!fine)
    problems.error(value.place, fmt::format("{} is not a list of texts", key),
                   fmt::format("write {} = [\"...\"]", key));
  return texts;
}

/// Rules of rigour to be broken knowingly, each known.
std::vector<std::string> read_allow(const Value& value, Problems& problems) {
  std::vector<std::string> rules = read_texts("allow", value, problems);
  for (std::size_t i = 0; i < rules.size(); ++i)
    if (!contains(rigour_rules(), rules[i])) {
      const auto near = suggestion(rules[i], rigour_rules());
      problems.error(value.array()[i].place, fmt::format("there is no rule \"{}\" to allow", rules[i]),
                     near ? fmt::format("did you mean \"{}\"?", *near)
                          : fmt::format("the rules are {}", fmt::join(rigour_rules(), ", ")));
    }
  return rules;
}

/// Members of a table of dotted keys, nested tables told by dots.
void collect(const std::string& prefix, const Value& table, std::vector<Axis::Key>& keys) {
  for (const Value::Member& member : table.table()) {
    const std::string name = prefix.empty() ? member.key : prefix + "." + member.key;
    // { plugin = ... } is a value of its own, as in strategy = { plugin = "x", depth = 2 }.
    if (member.value.is_table() && !member.value.find("plugin") && name != "init")
      collect(name, member.value, keys);
    else
      keys.push_back({name, {member.value}, member.place});
  }
}

class StageReader {
 public:
  StageReader(Stage& stage, const Value& table, Problems& problems)
      : stage_(stage),
        table_(without_misspelt(table, "stage " + stage.name, kStageKeys, problems)),
        problems_(problems) {}

  void read() {
    for (const Value::Member& member : table_.table()) {
      const std::string& key = member.key;
      const Value& value = member.value;
      if (contains(kPartKeys, key)) {
        stage_.base.set(key, member.place, value);
      } else if (key == "seeds") {
        stage_.seeds = read_seeds(value, problems_);
      } else if (key == "arm") {
        check_arm(value);
        if (value.is_string()) stage_.arm = value.string();
      } else if (key == "allow") {
        const auto rules = read_allow(value, problems_);
        stage_.allow.insert(stage_.allow.end(), rules.begin(), rules.end());
      } else if (key == "measures") {
        stage_.measures = value;
      } else if (key == "select") {
        stage_.select = read_select(stage_.name, value, problems_);
      }
    }
    if (const Value* grid = table_.find("grid")) read_grid(*grid);
    for (const Value* zip : tables("zip")) read_zip(*zip);
    for (const Value* exclude : tables("exclude")) read_assignment(*exclude, stage_.excludes, true);
    for (const Value* extra : tables("extra")) read_assignment(*extra, stage_.extras, false);
  }

 private:
  /// The tables of [[stage.NAME.key]]; a single table stands for a list of one.
  std::vector<const Value*> tables(const std::string& key) {
    std::vector<const Value*> result;
    const Value* value = table_.find(key);
    if (!value) return result;
    if (value->is_table()) return {value};
    bool fine = value->is_array();
    if (fine)
      for (const Value& element : value->array()) {
        fine = fine && element.is_table();
        result.push_back(&element);
      }
    if (fine) return result;
    stage_.unsure = true;
    problems_.error(value->place, fmt::format("{} of stage {} is no list of tables", key, stage_.name),
                    fmt::format("begin each with [[stage.{}.{}]]", quoted_step(stage_.name), key));
    return {};
  }

  /// What `key` of an axis or a cell means; nothing after an error. What is misspelt is told, and read as what is
  /// meant.
  std::optional<std::string> meant(const std::string& key, const Place& place, bool axis = false) {
    if (axis && key == "seed") return key;
    const std::string head = key.substr(0, key.find('.'));
    if (head == "init" && key != head) {
      problems_.error(place, fmt::format("{} is no key of its own", key),
                      "write the whole of init: init = [{ stage = \"base\", weights = \"best\" }, ...]");
      return std::nullopt;
    }
    if (contains(kPartKeys, head) || key == "arm") return key;
    const auto near = suggestion(head, kPartKeys);
    problems_.error(place, fmt::format("{} is no key that a cell has", key),
                    near ? fmt::format("did you mean {}{}?", *near, key.substr(head.size()))
                         : "begin with backbone, data, strategy, train or init");
    return near ? std::optional(*near + key.substr(head.size())) : std::nullopt;
  }

  /// The values of an axis; one that is not to be read, after an error.
  std::vector<Value> values_of(const std::string& key, const Value::Member& member) {
    auto values = axis_values(key, member.value, problems_);
    if (values.empty()) return {{Unreadable{}, member.value.place}};
    if (key == "arm")
      for (const Value& value : values) check_arm(value);
    if (key == "seed")
      for (Value& value : values) value.data = whole_seed(value);
    return values;
  }

  std::int64_t whole_seed(const Value& value) {
    const auto seed = value.whole();
    if (seed && *seed >= 0) return *seed;
    problems_.error(value.place, fmt::format("a seed is {}, not a whole number from 0 on", describe(value)),
                    "write seed = [0, 1, 2]");
    return 0;
  }

  void check_arm(const Value& value) {
    if (!value.is_string())
      problems_.error(value.place, fmt::format("arm is {}, not a name", describe(value)), "write arm = \"name\"");
  }

  /// Whether `key` is no axis yet; that it is there twice is told.
  bool is_new(const Axis::Key& key) {
    for (const Axis& axis : stage_.axes)
      for (const Axis::Key& known : axis.keys)
        if (known.name == key.name) {
          problems_.error(key.place,
                          fmt::format("axis {} is there twice (first in line {})", key.name, known.place.line),
                          "keep one of the two");
          return false;
        }
    return true;
  }

  void add_axis(Axis axis) {
    axis.keys.erase(
        std::remove_if(axis.keys.begin(), axis.keys.end(), [this](const Axis::Key& key) { return !is_new(key); }),
        axis.keys.end());
    if (axis.keys.empty()) return;
    std::set<std::string> seen;
    if (axis.keys.size() == 1)
      for (const Value& value : axis.keys.front().values)
        if (!seen.insert(canonical(value)).second)
          problems_.warning(value.place, fmt::format("axis {} has {} twice", axis.keys.front().name, canonical(value)),
                            "the two are one cell; leave one out");
    stage_.axes.push_back(std::move(axis));
  }

  void read_grid(const Value& grid) {
    if (!grid.is_table()) {
      stage_.unsure = true;
      problems_.error(grid.place, fmt::format("grid is {}, not a table of axes", describe(grid)),
                      fmt::format("write [stage.{}.grid] and a line an axis", quoted_step(stage_.name)));
      return;
    }
    if (grid.table().empty())
      problems_.error(grid.place, fmt::format("the grid of stage {} is empty", stage_.name),
                      "give it an axis, or take it out");
    for (const Value::Member& member : grid.table())
      if (const auto key = meant(member.key, member.place, true))
        add_axis({{{*key, values_of(*key, member), member.place}}});
  }

  void read_zip(const Value& zip) {
    Axis axis;
    const Value flat = flatten_grid(zip, problems_);
    if (flat.table().empty())
      problems_.error(zip.place, "this zip is empty", "give it two axes or more, or take it out");
    for (const Value::Member& member : flat.table()) {
      const auto key = meant(member.key, member.place, true);
      if (!key) continue;
      auto values = values_of(*key, member);
      if (values.front().is_unreadable()) {  // as long as it may be
        add_axis({{{*key, std::move(values), member.place}}});
        continue;
      }
      if (!axis.keys.empty() && values.size() != axis.size()) {
        problems_.error(member.value.place,
                        fmt::format("{} has {} values and {} has {}: zipped axes march together", *key, values.size(),
                                    axis.keys.front().name, axis.size()),
                        "give both as many, or make them axes of the grid");
        add_axis({{{*key, {{Unreadable{}, member.value.place}}, member.place}}});
        continue;
      }
      axis.keys.push_back({*key, std::move(values), member.place});
    }
    if (!axis.keys.empty()) add_axis(std::move(axis));
  }

  void read_assignment(const Value& table, std::vector<Assignment>& into, bool many) {
    Assignment assignment;
    assignment.place = table.place;
    collect("", table, assignment.keys);
    bool fine = !assignment.keys.empty();
    if (!fine)
      problems_.error(table.place, many ? "this exclude leaves out every cell" : "this extra adds nothing",
                      "name a key and its value");
    for (Axis::Key& key : assignment.keys) {
      const auto name = meant(key.name, key.place);
      fine = fine && name;
      if (name) key.name = *name;
      if (!many && key.name == "arm") check_arm(key.values.front());
      if (many && key.values.front().is_array()) key.values = Value::Array(key.values.front().array());
    }
    if (fine) into.push_back(std::move(assignment));
  }

  Stage& stage_;
  const Value table_;
  Problems& problems_;
};

std::optional<double> read_points(const std::string& key, const Value& value, Problems& problems) {
  if (value.is_number() && value.number() > 0 && value.number() <= 100) return value.number();
  problems.error(value.place, fmt::format("{} is {}, not a number of points of accuracy", key, describe(value)),
                 fmt::format("write {} = 1.0 for one percent of the test images", key));
  return std::nullopt;
}

/// What `allow` of [study] says goes to `allow`.
void read_head(const LoadedStudy& loaded, Study& study, std::vector<std::uint64_t>& seeds,
               std::vector<std::string>& allow, Problems& problems) {
  const Value* head = loaded.root.find("study");
  if (!head) return;
  if (!head->is_table()) {
    problems.error(head->place, fmt::format("study is {}, not a table", describe(*head)), "begin it with [study]");
    return;
  }
  const Value table = without_misspelt(*head, "[study]", kStudyKeys, problems);
  for (const Value::Member& member : table.table()) {
    const Value& value = member.value;
    if (member.key == "seeds") {
      seeds = read_seeds(value, problems);
    } else if (member.key == "replicates") {
      study.replicates = read_texts(member.key, value, problems);
    } else if (member.key == "allow") {
      allow = read_allow(value, problems);
    } else if (member.key == "detect") {
      study.detect = read_points(member.key, value, problems);
      study.detect_place = value.place;
    } else if (member.key == "assume_sd") {
      study.assume_sd = read_points(member.key, value, problems);
    } else if (!value.is_string() || value.string().empty()) {
      problems.error(value.place, fmt::format("{} is {}, not a text", member.key, describe(value)),
                     fmt::format("write {} = \"...\"", member.key));
    } else if (member.key == "name") {
      study.name = value.string();
    } else if (member.key == "baseline") {
      study.baseline = value.string();
      study.baseline_place = value.place;
    } else if (member.key == "weights") {
      study.keep_all_weights = value.string() == "all";
      if (value.string() != "all" && value.string() != "sources")
        problems.error(value.place, fmt::format("weights is \"{}\"", value.string()),
                       "write \"all\" (keep every network) or \"sources\" (only those that others start from)");
    }
  }
}

/// Replicates that the study names itself are axes.
void check_replicates(const LoadedStudy& loaded, const Study& study, Problems& problems) {
  const Value* given = find_path(loaded.root, "study.replicates");
  if (!given || !given->is_array()) return;
  std::vector<std::string> axes;
  for (const Stage& stage : study.stages)
    for (const Axis& axis : stage.axes)
      for (const Axis::Key& key : axis.keys) axes.push_back(key.name);
  for (const Value& value : given->array()) {
    if (!value.is_string() || contains(axes, value.string())) continue;
    const auto near = suggestion(value.string(), axes);
    problems.error(value.place, fmt::format("replicates names {}, which is an axis of no stage", value.string()),
                   near ? fmt::format("did you mean {}?", *near) : "name axes whose values repeat the same comparison");
  }
}

/// A --set on a key that is an axis would be overruled by the grid without a word.
void check_sets(const LoadedStudy& loaded, const Study& study, Problems& problems) {
  for (const auto& set : loaded.stage_sets)
    for (const Stage& stage : study.stages)
      for (const Axis& axis : stage.axes)
        for (const Axis::Key& key : axis.keys)
          if (stage.name == set.stage && (key.name == set.key || set.key.rfind(key.name + ".plugin", 0) == 0))
            problems.error(
                set.place, fmt::format("{} is an axis of stage {}, which has the last word", set.key, stage.name),
                fmt::format("--set 'stage.{}.grid.{}=[...]' sets the axis", quoted_step(stage.name), key.name));
}

}  // namespace

Study read_study(const std::filesystem::path& path, const std::vector<std::string>& sets, Problems& problems) {
  Study study;
  study.path = path;
  study.name = path.stem().string();
  auto loaded = load_study(path, sets, problems);
  if (!loaded) return study;
  study.text = loaded->text;
  loaded->root = without_misspelt(loaded->root, "a study", kRootKeys, problems);

  std::vector<std::uint64_t> seeds = {0};
  std::vector<std::string> allow;
  read_head(*loaded, study, seeds, allow, problems);
  study.report = read_report(loaded->root, problems);

  const Value* stages = loaded->root.find("stage");
  if (!stages || !stages->is_table() || stages->table().empty()) {
    problems.error(stages ? stages->place : Place{path.string(), 0, 0}, "the study has no stage",
                   "add [stage.NAME] with backbone, data, strategy and train");
    return study;
  }
  for (const Value::Member& member : stages->table()) {
    Stage stage;
    stage.name = member.key;
    stage.place = member.place;
    stage.base = Value{Value::Table{}, member.place};
    stage.seeds = seeds;
    stage.allow = allow;
    stage.unsure = !member.value.is_table();
    if (stage.unsure)
      problems.error(member.place, fmt::format("stage {} is {}, not a table", member.key, describe(member.value)),
                     fmt::format("begin it with [stage.{}]", quoted_step(member.key)));
    else
      StageReader(stage, member.value, problems).read();
    study.stages.push_back(std::move(stage));
  }
  check_sets(*loaded, study, problems);
  check_replicates(*loaded, study, problems);
  return study;
}

}  // namespace cambium
