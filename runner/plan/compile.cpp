#include "plan/compile.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_set>

#include "cambium/files.h"
#include "plan/baseline.h"
#include "plan/checks.h"
#include "plan/choices.h"
#include "plan/facts.h"
#include "plan/identity.h"
#include "plan/inits.h"
#include "plan/labels.h"
#include "plan/measures.h"
#include "plan/passes/collapse.h"
#include "plan/passes/merge_equal.h"
#include "plan/points.h"
#include "plan/rigour.h"
#include "plan/shared_images.h"
#include "plan/size.h"
#include "plan/weights_files.h"

namespace cambium {
namespace {

/// The cells of a stage that differ in nothing but the seed: what another stage may start from.
struct Arm {
  std::map<std::uint64_t, std::size_t> cells;  ///< by seed
  std::array<const BuiltPart*, 4> parts{};     ///< by PartKind
  AxisValues axes;                             ///< replicates among them
  std::string stage;

  /// The backbone as the study has it, for who takes it over.
  const Value& backbone() const { return parts[std::size_t(PartKind::Backbone)]->table; }
};

/// What `parts` have at a dotted key; nothing where they do not read it.
std::optional<ParamValue> value_at(const std::array<const BuiltPart*, 4>& parts, const std::string& key) {
  const auto kind = part_of(key);
  return kind ? parts[std::size_t(*kind)]->value(name_in_part(key)) : std::nullopt;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Compiler {
 public:
  Compiler(const Study& study, Resolver& resolver, const std::filesystem::path& data_root, Problems& problems)
      : study_(study),
        data_root_(data_root),
        problems_(problems),
        plugins_(resolver.describe()),
        builder_(plugins_, problems),
        facts_(resolver, data_root, problems),
        weights_(resolver, data_root, problems) {}

  Plan compile() {
    plan_.name = study_.name;
    plan_.path = study_.path.string();
    plan_.text = study_.text;
    plan_.baseline = study_.baseline;
    for (const Stage& stage : study_.stages) plan_.stages.push_back(stage.name);
    arms_.resize(study_.stages.size());
    generations_.resize(study_.stages.size());
    backbones_.resize(study_.stages.size());
    compiled_.resize(study_.stages.size(), false);
    for (std::size_t s : stage_order(study_, problems_)) compile_stage(s);
    for (Cell& cell : plan_.cells) cell.keep_weights = study_.keep_all_weights;
    for (const Cell& cell : plan_.cells)
      if (cell.source >= 0) plan_.cells[std::size_t(cell.source)].keep_weights = true;
    check_baseline(study_, plan_, plugins_, problems_);
    attach_measures(study_, plan_, problems_);
    // Stages may have been compiled out of the file's order; entries are told in it.
    std::stable_sort(plan_.entries.begin(), plan_.entries.end(),
                     [](const Entry& a, const Entry& b) { return a.stage < b.stage; });
    return std::move(plan_);
  }

 private:
  /// A place to start from: an arm of another stage, a file, or nothing.
  struct Source {
    const Init* init = nullptr;
    const Arm* arm = nullptr;
    std::string file, sha256;
    std::string weights = "last";
    bool paired = true;
  };

  void compile_stage(std::size_t index) {
    const Stage& stage = study_.stages[index];
    stage_ = index;
    read_inits(stage);
    generations_[index] = generation();
    const std::vector<Value> inherited = inherit();
    if (!is_planable(stage, inherited.size(), plan_.points, problems_)) return;
    Points points(stage, inherited, builder_, problems_);
    facts_.ask(points.points(), points.flawed());
    backbones_[index] = points.backbones();
    compiled_[index] = true;

    bool init_read = !inherited.empty();
    std::map<std::string, std::size_t> arm_of_group;
    Collapse collapse(stage, index);
    std::unordered_set<std::size_t> entered;
    for (const Point& point : points.points()) {
      const auto network = facts_.network(point);
      if (!network) {
        init_read = true;  // it cannot be judged
        continue;
      }
      const bool needs = network->plan.needs_source();
      init_read = init_read || needs;
      for (const Source& source : sources(stage, point, needs, inherited)) {
        const auto all_axes = axes_of(points, point, source, needs);
        AxisValues axes, replicate;
        for (const auto& axis : all_axes) (contains(study_.replicates, axis.first) ? replicate : axes).push_back(axis);
        // Told as text, by which cells are paired: the same whatever order a stage has its axes in.
        std::sort(replicate.begin(), replicate.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
        const std::string& strategy = point.part(PartKind::Strategy).part->component.plugin;
        collapse.read(strategy, all_axes);
        const AxisValues factors = factors_of(axes, stage, point.indices, point.extra);
        const std::string given = arm_name(stage, point.indices, point.extra), name = given.empty() ? strategy : given;
        const Entry entry{index,
                          0,
                          arm_label(axes, factors, given, strategy),
                          name,
                          axes_json(factors),
                          axes_json(axes),
                          axes_json(replicate)};
        for (std::uint64_t seed : point.seeds(stage)) {
          const std::size_t before = plan_.cells.size();
          const std::size_t cell = enter(point, network, needs ? source : Source{}, seed);
          collapse.point(plan_, strategy, cell >= before);
          if (!entered.insert(cell).second) continue;
          plan_.entries.push_back(entry);
          plan_.entries.back().cell = cell;
          const auto [at, fresh] = arm_of_group.emplace(plan_.cells[cell].group, arms_[index].size());
          if (fresh) arms_[index].push_back({{}, point.parts, all_axes, stage.name});
          arms_[index][at->second].cells[seed] = cell;
        }
      }
    }
    points.check_keys(init_read);
    collapse.finish(plan_);
  }

  void read_inits(const Stage& stage) {
    inits_.clear();
    for (const Value* value : inits_of(stage)) {
      Init init = read_init(*value, study_, problems_);
      if (init.kind == Init::Kind::Stage && !compiled_[init.stage]) init.kind = Init::Kind::None;  // a circle, told
      inits_[value] = std::move(init);
    }
  }

  /// Of the stage being compiled, the same for all its arms: one more than what lies furthest from a stage without init
  /// among all that it starts from.
  std::int64_t generation() {
    std::int64_t furthest = 0;
    for (const auto& [value, init] : inits_) {
      if (init.kind == Init::Kind::Stage) furthest = std::max(furthest, generations_[init.stage] + 1);
      if (init.kind == Init::Kind::File)
        furthest = std::max(furthest, WeightsFiles::generation(resolve_path(data_root_, init.file).string()) + 1);
    }
    return furthest;
  }

  /// The different backbones of what the stage starts from. A source stage that came to no cells, for errors told
  /// already, gives what it would have had; where an error leaves open what that is, nothing more is to be said of it.
  std::vector<Value> inherit() {
    std::vector<Value> backbones;
    bool open = false;
    const auto add = [&](const Value& backbone) {
      for (const Value& known : backbones)
        if (same(known, backbone)) return;
      backbones.push_back(backbone);
    };
    for (const auto& [value, init] : inits_) {
      open = open || init.kind == Init::Kind::None;
      if (init.kind != Init::Kind::Stage) continue;
      for (const Arm& arm : arms_[init.stage]) add(arm.backbone());
      if (arms_[init.stage].empty())
        for (const Value& backbone : backbones_[init.stage]) add(backbone);
    }
    if (backbones.empty() && open) {
      backbones.push_back(Value{Value::Table{}, {}});
      backbones.back().set("plugin", {}, Value{Unreadable{}, {}});
    }
    return backbones;
  }

  std::vector<Source> sources(const Stage& stage, const Point& point, bool needs, const std::vector<Value>& inherited) {
    if (!point.init) {
      if (!needs) return {Source{}};
      if (stage.unsure) return {};
      problems_.error(point.part(PartKind::Strategy).part->place,
                      fmt::format("{} takes over a network, and stage {} starts from none",
                                  point.part(PartKind::Strategy).part->component.plugin, stage.name),
                      "add init = \"stage\" or init = { file = \"...\" } to the stage");
      return {};
    }
    const Init& init = inits_.at(point.init);
    if (init.kind == Init::Kind::None) return needs ? std::vector<Source>{} : std::vector<Source>{Source{}};
    if (init.kind == Init::Kind::File && facts_.network(point)->plan.source_share > 0) {
      problems_.error(init.place,
                      fmt::format("{} mixes in the data that the source was trained on, and a weights file has none",
                                  point.part(PartKind::Strategy).part->component.plugin),
                      "start from a stage: init = \"stage\"");
      return {};
    }
    if (init.kind == Init::Kind::File) return file_source(init, needs);
    std::vector<Source> result;
    for (const Arm& arm : arms_[init.stage]) {
      if (!same(arm.backbone(), inherited[point.backbone_choice]) || (needs && !goes_with(init, arm, point))) continue;
      Source source;
      source.init = &init;
      source.arm = &arm;
      source.weights = init.weights;
      const std::vector<std::uint64_t> seeds = point.seeds(stage);
      const bool all = std::all_of(seeds.begin(), seeds.end(), [&](auto seed) { return arm.cells.count(seed) != 0; });
      source.paired = all;
      if (!all && arm.cells.size() > 1) {
        std::vector<std::uint64_t> there;
        for (const auto& [seed, cell] : arm.cells) there.push_back(seed);
        problems_.error(init.place,
                        fmt::format("stage {} runs seeds [{}], and stage {} has [{}] to start from", stage.name,
                                    fmt::join(seeds, ", "), study_.stages[init.stage].name, fmt::join(there, ", ")),
                        "give the source the same seeds, or a single one that all start from");
        return {};
      }
      if (needs && init.weights == "best") check_best(init, plan_.cells[arm.cells.begin()->second]);
      result.push_back(std::move(source));
      if (!needs) break;  // it takes nothing but the backbone, which all of them have
    }
    if (result.empty() && needs && !arms_[init.stage].empty() && !(init.same.empty() && init.other.empty()))
      tell_unmatched(init, stage, point);
    return result;
  }

  /// Whether `arm` is what `point` may start from: like it in the keys of `same`, unlike it in those of `other`.
  static bool goes_with(const Init& init, const Arm& arm, const Point& point) {
    const auto compares = [&](const std::string& key, bool alike) {
      const auto theirs = value_at(arm.parts, key), own = value_at(point.parts, key);
      return theirs && own && (theirs == own) == alike;
    };
    return std::all_of(init.same.begin(), init.same.end(), [&](const auto& key) { return compares(key, true); }) &&
           std::all_of(init.other.begin(), init.other.end(), [&](const auto& key) { return compares(key, false); });
  }

  void tell_unmatched(const Init& init, const Stage& stage, const Point& point) {
    const std::string& source = study_.stages[init.stage].name;
    for (const auto* keys : {&init.same, &init.other})
      for (const std::string& key : *keys) {
        const bool there = std::any_of(arms_[init.stage].begin(), arms_[init.stage].end(),
                                       [&](const Arm& arm) { return value_at(arm.parts, key).has_value(); });
        if (there && value_at(point.parts, key)) continue;
        problems_.error(init.place, fmt::format("no cell of stage {} reads {}", there ? stage.name : source, key),
                        "same and other name keys that both stages read, as data.split and data.half");
        return;
      }
    problems_.error(
        init.place,
        fmt::format("some cells of stage {} find no cell of stage {} that is the same in [{}] and another in [{}]",
                    stage.name, source, fmt::join(init.same, ", "), fmt::join(init.other, ", ")),
        fmt::format("give stage {} the values that it lacks", source));
  }

  void check_best(const Init& init, const Cell& source) {
    if (source.train->settings.integer("epochs") == 0)
      problems_.error(
          init.place,
          fmt::format("stage {} trains for no epoch, so none of it is the best", study_.stages[init.stage].name),
          "start from weights = \"last\", or give it epochs and validation data");
    else if (source.dataset->per_class.count("validation") == 0)
      problems_.error(
          init.place,
          fmt::format("stage {} has no validation data, so no epoch of it is the best", study_.stages[init.stage].name),
          "give its data validation = 0.1, or start from weights = \"last\"");
  }

  std::vector<Source> file_source(const Init& init, bool needs) {
    Source source;
    if (!needs) return {source};
    const WeightsFacts* facts = weights_.open(init);
    if (!facts) return {};
    source.init = &init;
    source.file = facts->path;
    source.sha256 = facts->sha256;
    return {source};
  }

  /// The axes that a cell reads, its source's before its own: of those, just the backbone's where it takes nothing else
  /// over. What goes by the cell's own value is no axis of its own.
  AxisValues axes_of(const Points& points, const Point& point, const Source& source, bool needs) const {
    AxisValues axes;
    if (const Arm* arm = source.arm)
      for (const auto& [key, value] : arm->axes)
        if ((needs || key.find("backbone") != std::string::npos) && !contains(source.init->same, key) &&
            !contains(source.init->other, key))
          axes.emplace_back(key.rfind(arm->stage + ".", 0) == 0 ? key : arm->stage + "." + key, value);
    for (auto& axis : points.axes_of(point, needs)) axes.push_back(std::move(axis));
    return axes;
  }

  /// The cell of a point, a source and a seed: the one that is there already, or a new one.
  std::size_t enter(const Point& point, const std::shared_ptr<const NetworkInfo>& network, const Source& from,
                    std::uint64_t seed) {
    Cell cell;
    cell.seed = seed;
    cell.generation = generations_[stage_];
    cell.backbone = point.part(PartKind::Backbone).part;
    cell.data = point.part(PartKind::Data).part;
    cell.strategy = point.part(PartKind::Strategy).part;
    cell.train = point.part(PartKind::Train).part;
    cell.network = network;
    cell.dataset = facts_.dataset(point);
    cell.source_file = from.file;
    cell.source_sha256 = from.sha256;
    if (from.arm || !from.file.empty()) cell.source_weights = from.weights;
    if (from.arm) {
      const auto own = from.arm->cells.find(seed);
      cell.disjoint = from.init->disjoint;
      cell.source = int(from.paired ? own->second : from.arm->cells.begin()->second);
      const Cell& source = plan_.cells[std::size_t(cell.source)];
      const bool fresh =
          checked_.insert({source.network.get(), source.data.get(), network.get(), cell.data.get(), point.init}).second;
      if (fresh) check_transfer(source, cell, study_.stages[stage_].name, point.init->place, problems_);
      if (fresh && !contains(study_.stages[stage_].allow, "normalisation"))
        check_normalisation(source, cell, study_.stages[stage_].name, problems_);
      if (fresh && from.init->disjoint)
        check_disjoint(source, cell, study_.stages[stage_].name, point.init->place, problems_);
    }
    check_cell(cell, from.arm ? plan_.cells[std::size_t(cell.source)].dataset->classes : weights_.classes(from.file),
               study_.stages[stage_].name, problems_);
    if (!from.file.empty()) weights_.take(cell, study_.stages[stage_], *from.init);
    identify(cell, cell.source >= 0 ? &plan_.cells[std::size_t(cell.source)] : nullptr, from.paired);
    return merge_equal_.enter(plan_, std::move(cell));
  }

  const Study& study_;
  const std::filesystem::path data_root_;
  Problems& problems_;
  const Description& plugins_;
  PartBuilder builder_;
  Facts facts_;
  WeightsFiles weights_;
  Plan plan_;
  std::size_t stage_ = 0;
  std::vector<std::vector<Arm>> arms_;         ///< by stage
  std::vector<std::int64_t> generations_;      ///< by stage
  std::vector<std::vector<Value>> backbones_;  ///< by stage, of all its points
  std::vector<bool> compiled_;                 ///< by stage
  std::map<const Value*, Init> inits_;         ///< of the stage being compiled
  std::set<std::array<const void*, 5>> checked_;
  MergeEqual merge_equal_;
};

}  // namespace

std::optional<Plan> compile(const Study& study, Resolver& resolver, const std::filesystem::path& data_root,
                            Problems& problems) {
  Plan plan = Compiler(study, resolver, data_root, problems).compile();
  attach_choices(study, plan, problems);
  if (!problems.has_errors()) check_rigour(study, plan, problems);
  check_shared_images(study, plan, resolver, data_root, problems);
  if (!problems.has_errors() && plan.cells.empty())
    problems.error({study.path.string(), 0, 0}, "the study comes to no cell at all", "its excludes leave nothing over");
  if (problems.has_errors()) return std::nullopt;
  plan.warnings = problems.sorted();
  return plan;
}

}  // namespace cambium
