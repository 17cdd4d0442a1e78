#include "plan/inits.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cambium/schema.h"
#include "study/misspelt.h"

namespace cambium {

namespace {

const std::vector<std::string> kKeys = {"stage", "weights", "file", "key", "prefix", "same", "other", "disjoint"};

const Value& as_table(const Value& value, Value& table, Problems& problems) {
  if (!value.is_table()) return value;
  table = without_misspelt(value, "init", kKeys, problems);
  return table;
}

void read_weights(const Value& value, bool file, Init& init, Problems& problems) {
  if (value.is_string() && (value.string() == "last" || value.string() == "best") && !file)
    init.weights = value.string();
  else
    problems.error(value.place, "weights of an init is \"last\" or \"best\", and goes with a stage",
                   "write init = { stage = \"name\", weights = \"best\" } for the best on validation data");
}

void read_keys(const std::string& name, const Value& value, bool file, std::vector<std::string>& keys,
               Problems& problems) {
  bool fine = value.is_array() && !file;
  if (fine)
    for (const Value& key : value.array()) {
      fine = fine && key.is_string();
      if (key.is_string()) keys.push_back(key.string());
    }
  if (!fine)
    problems.error(value.place, fmt::format("{} of an init is a list of keys, and goes with a stage", name),
                   "write init = { stage = \"name\", same = [\"data.split\"], other = [\"data.half\"] }");
}

void read_disjoint(const Value& value, bool file, Init& init, Problems& problems) {
  if (value.is_bool() && !file)
    init.disjoint = std::get<bool>(value.data);
  else
    problems.error(value.place, "disjoint of an init is true or false, and goes with a stage",
                   "write init = { stage = \"name\", disjoint = true }");
}

void read_text(const std::string& name, const Value& value, bool file, std::optional<std::string>& text, Place& place,
               Problems& problems) {
  if (!value.is_string() || !file) {
    problems.error(value.place, fmt::format("{} of an init is a text, and goes with a file", name),
                   "write init = { file = \"path\", key = \"state_dict_ema\", prefix = \"encoder_q.\" }");
    return;
  }
  text = value.string();
  place = value.place;
}

void find_stage(const Value& stage, const Study& study, Init& init, Problems& problems) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < study.stages.size(); ++i) {
    names.push_back(study.stages[i].name);
    if (study.stages[i].name != stage.string()) continue;
    init.kind = Init::Kind::Stage;
    init.stage = i;
    return;
  }
  const auto near = suggestion(stage.string(), names);
  problems.error(
      stage.place, fmt::format("there is no stage {} to start from", stage.string()),
      near ? fmt::format("did you mean {}?", *near)
           : fmt::format("the stages are {}; a file is written init = {{ file = \"...\" }}", fmt::join(names, ", ")));
}

}  // namespace

Init read_init(const Value& given, const Study& study, Problems& problems) {
  Init init;
  init.place = given.place;
  if (given.is_unreadable()) return init;
  Value table;
  const Value& value = as_table(given, table, problems);
  const Value* stage = value.is_table() ? value.find("stage") : &value;
  const Value* file = value.find("file");
  if (const Value* weights = value.find("weights")) read_weights(*weights, file, init, problems);
  if (const Value* same = value.find("same")) read_keys("same", *same, file, init.same, problems);
  if (const Value* other = value.find("other")) read_keys("other", *other, file, init.other, problems);
  if (const Value* disjoint = value.find("disjoint")) read_disjoint(*disjoint, file, init, problems);
  if (const Value* key = value.find("key")) read_text("key", *key, file, init.key, init.key_place, problems);
  if (const Value* prefix = value.find("prefix"))
    read_text("prefix", *prefix, file, init.prefix, init.prefix_place, problems);
  if (file && !stage && file->is_string()) {
    init.kind = Init::Kind::File;
    init.file = file->string();
  } else if (file || !stage || !stage->is_string()) {
    problems.error(value.place,
                   fmt::format("init is {}", value.is_table() ? "neither a stage nor a file" : describe(value)),
                   "write init = \"stage\", or init = { file = \"path\" }; several are an axis of the grid");
  } else {
    find_stage(*stage, study, init, problems);
  }
  return init;
}

std::vector<const Value*> inits_of(const Stage& stage) {
  std::vector<const Value*> inits;
  if (const Value* init = stage.base.find("init")) inits.push_back(init);
  for (const Axis& axis : stage.axes)
    for (const Axis::Key& key : axis.keys)
      if (key.name == "init")
        for (const Value& value : key.values) inits.push_back(&value);
  for (const Assignment& extra : stage.extras)
    for (const Axis::Key& key : extra.keys)
      if (key.name == "init") inits.push_back(&key.values.front());
  return inits;
}

namespace {

/// The stages that each stage starts from.
std::vector<std::set<std::size_t>> sources_of_stages(const Study& study) {
  Problems quiet;  // what is wrong with an init is told when its stage is compiled
  std::vector<std::set<std::size_t>> sources(study.stages.size());
  for (std::size_t i = 0; i < study.stages.size(); ++i)
    for (const Value* value : inits_of(study.stages[i]))
      if (const Init init = read_init(*value, study, quiet); init.kind == Init::Kind::Stage)
        sources[i].insert(init.stage);
  return sources;
}

bool leads_to(std::size_t stage, std::size_t wanted, const std::vector<std::set<std::size_t>>& sources,
              std::set<std::size_t>& seen) {
  return std::any_of(sources[stage].begin(), sources[stage].end(), [&](std::size_t source) {
    return source == wanted || (seen.insert(source).second && leads_to(source, wanted, sources, seen));
  });
}

}  // namespace

std::vector<std::size_t> stage_order(const Study& study, Problems& problems) {
  auto sources = sources_of_stages(study);
  std::vector<std::size_t> order;
  std::vector<bool> placed(study.stages.size(), false);
  const auto place_what_is_ready = [&] {
    for (bool more = true; more;) {
      more = false;
      for (std::size_t i = 0; i < study.stages.size(); ++i) {
        if (placed[i] || !std::all_of(sources[i].begin(), sources[i].end(), [&](auto s) { return placed[s]; }))
          continue;
        order.push_back(i);
        placed[i] = more = true;
      }
    }
  };
  place_what_is_ready();
  for (std::size_t i = 0; i < study.stages.size(); ++i) {
    std::set<std::size_t> seen;
    if (placed[i] || !leads_to(i, i, sources, seen)) continue;
    problems.error(inits_of(study.stages[i]).front()->place,
                   fmt::format("stage {} starts, in the end, from itself", study.stages[i].name),
                   "take one init out of the circle, so that some stage starts from nothing");
    sources[i].clear();  // the rest can be looked at all the same
    place_what_is_ready();
  }
  return order;
}

}  // namespace cambium
