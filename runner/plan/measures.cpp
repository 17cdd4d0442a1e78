#include "plan/measures.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "plan/parts.h"

namespace cambium {
namespace {

struct Asked {
  Measure measure;
  Place place, layer_place;
};

void tell_unknown(const std::string& name, const Place& place, Problems& problems) {
  std::vector<std::string> names;
  for (const MeasureInfo& info : measure_infos()) names.push_back(info.name);
  const auto near = suggestion(name, names);
  problems.error(place, fmt::format("there is no measure {}", name),
                 near ? fmt::format("did you mean {}?", *near) : fmt::format("there are {}", fmt::join(names, ", ")));
}

/// "knn" or { measure = "knn", k = 5 }.
std::optional<Asked> read_measure(const Value& value, Problems& problems) {
  const Value* name = value.is_table() ? value.find("measure") : &value;
  if (!name || !name->is_string()) {
    problems.error(value.place, fmt::format("a measure is {}", describe(value)),
                   "write its name, or { measure = \"knn\", k = 5 }");
    return std::nullopt;
  }
  const MeasureInfo* info = find_measure(name->string());
  if (!info) return tell_unknown(name->string(), name->place, problems), std::nullopt;
  Asked asked{{info->name, typed({}, info->schema)}, value.place, value.place};
  if (!value.is_table()) return asked;
  const std::size_t errors = problems.errors_met();
  for (const Value::Member& member : value.table()) {
    if (member.key == "measure") continue;
    const Parameter* parameter = info->schema.find(member.key);
    if (!parameter) {
      std::vector<std::string> keys;
      for (const Parameter& known : info->schema.parameters()) keys.push_back(known.name);
      const auto near = suggestion(member.key, keys);
      problems.error(member.place, fmt::format("measure {} has no key {}", info->name, member.key),
                     near           ? fmt::format("did you mean {}?", *near)
                     : keys.empty() ? "it has none"
                                    : fmt::format("it has {}", fmt::join(keys, ", ")));
    } else if (auto converted = convert(member.value, *parameter, "measure " + info->name, problems)) {
      asked.measure.params.set(member.key, *converted);
      if (member.key == "layer") asked.layer_place = member.value.place;
    }
  }
  return problems.errors_met() == errors ? std::optional(asked) : std::nullopt;
}

std::vector<Asked> read_measures(const Stage& stage, Problems& problems) {
  std::vector<Asked> all;
  if (!stage.measures) return all;
  if (!stage.measures->is_array()) {
    problems.error(stage.measures->place, fmt::format("measures is {}, not a list", describe(*stage.measures)),
                   "write measures = [\"ece\", { measure = \"knn\", k = 5 }]");
    return all;
  }
  for (const Value& value : stage.measures->array()) {
    auto asked = read_measure(value, problems);
    if (!asked) continue;
    const bool twice =
        std::any_of(all.begin(), all.end(), [&](const Asked& other) { return other.measure == asked->measure; });
    if (twice) problems.warning(value.place, fmt::format("{} is there twice", label(asked->measure)), "leave one out");
    if (!twice) all.push_back(std::move(*asked));
  }
  return all;
}

/// What a measure looks at must be there.
void check_cell(const Asked& asked, const Cell& cell, Problems& problems) {
  const Measure& measure = asked.measure;
  if (measure.params.has("layer") && !measure.params.string("layer").empty()) {
    std::vector<std::string> layers;
    for (const LayerInfo& layer : cell.network->layers) layers.push_back(layer.name);
    const std::string& wanted = measure.params.string("layer");
    if (std::find(layers.begin(), layers.end(), wanted) == layers.end()) {
      const auto near = suggestion(wanted, layers);
      problems.error(
          asked.layer_place,
          fmt::format("{} has no layer {} to take {} at", cell.backbone->component.plugin, wanted, measure.name),
          near ? fmt::format("did you mean {}?", *near) : fmt::format("its layers are {}", fmt::join(layers, ", ")));
    }
  }
  const auto& images = cell.dataset->per_class;
  const bool held_out = measure.name == "cka" && images.count("validation") == 0 &&
                        cell.data->settings.number("validation") == 0 &&
                        cell.data->settings.integer("validation_per_class") == 0;
  if ((held_out || needs_test(measure)) && images.count("test") == 0)
    problems.error(
        asked.place,
        fmt::format("{} is taken on test images, and {} has none here", label(measure), cell.data->component.plugin),
        held_out ? "give the data a validation part, or take the measure out" : "take the measure out");
}

void tell_sourceless(const Asked& asked, const std::string& stage, bool from_file, Problems& problems) {
  if (from_file)
    problems.error(
        asked.place,
        fmt::format("{} needs the source's data, and stage {} starts from a file", asked.measure.name, stage),
        "start from a stage, or take the measure out: a weights file brings no images");
  else
    problems.error(asked.place,
                   fmt::format("{} needs a source, and no cell of stage {} starts from one", asked.measure.name, stage),
                   "give the stage an init and a strategy that transfers, or take the measure out");
}

}  // namespace

void attach_measures(const Study& study, Plan& plan, Problems& problems) {
  const bool whole = !problems.has_errors();
  for (std::size_t s = 0; s < study.stages.size(); ++s)
    for (const Asked& asked : read_measures(study.stages[s], problems)) {
      const MeasureInfo& info = *find_measure(asked.measure.name);
      bool any = false, taken = false, from_file = false;
      for (const Entry& entry : plan.entries) {
        if (entry.stage != s) continue;
        Cell& cell = plan.cells[entry.cell];
        any = true;
        from_file = from_file || !cell.source_file.empty();
        if (info.networks.source && cell.source < 0) continue;
        taken = true;
        check_cell(asked, cell, problems);
        if (info.networks.source && needs_test(asked.measure))
          check_cell({asked.measure, asked.place, asked.place}, plan.cells[std::size_t(cell.source)], problems);
        cell.keep_weights = true;
        if (std::find(cell.measures.begin(), cell.measures.end(), asked.measure) == cell.measures.end())
          cell.measures.push_back(asked.measure);
      }
      if (whole && any && !taken) tell_sourceless(asked, study.stages[s].name, from_file, problems);
    }
}

}  // namespace cambium
