#include "plan/inits.h"

#include <fmt/format.h>

#include <algorithm>

#include "cambium/schema.h"

namespace cambium {

Init read_init(const Value& value, const Study& study, Problems& problems) {
  Init init;
  init.place = value.place;
  const Value* stage = value.is_table() ? value.find("stage") : &value;
  const Value* file = value.find("file");
  if (value.is_table())
    for (const Value::Member& member : value.table()) {
      static const std::vector<std::string> kKeys = {"stage",  "weights", "file",  "key",
                                                     "prefix", "same",    "other", "disjoint"};
      if (std::find(kKeys.begin(), kKeys.end(), member.key) != kKeys.end()) continue;
      const auto near = suggestion(member.key, kKeys);
      problems.error(member.place, fmt::format("init has no key {}", member.key),
                     near ? fmt::format("did you mean {}?", *near)
                          : "it has stage, weights, same, other and disjoint, or file, key and prefix");
      return init;
    }
  if (const Value* weights = value.find("weights")) {
    if (!weights->is_string() || (weights->string() != "last" && weights->string() != "best") || file) {
      problems.error(weights->place, "weights of an init is \"last\" or \"best\", and goes with a stage",
                     "write init = { stage = \"name\", weights = \"best\" } for the best on validation data");
      return init;
    }
    init.weights = weights->string();
  }
  for (const char* key : {"same", "other"}) {
    const Value* keys = value.find(key);
    if (!keys) continue;
    bool fine = keys->is_array() && !file;
    if (fine)
      for (const Value& name : keys->array()) {
        fine = fine && name.is_string();
        if (name.is_string()) (std::string_view(key) == "same" ? init.same : init.other).push_back(name.string());
      }
    if (fine) continue;
    problems.error(keys->place, fmt::format("{} of an init is a list of keys, and goes with a stage", key),
                   "write init = { stage = \"name\", same = [\"data.split\"], other = [\"data.half\"] }");
    return init;
  }
  if (const Value* disjoint = value.find("disjoint")) {
    if (!disjoint->is_bool() || file) {
      problems.error(disjoint->place, "disjoint of an init is true or false, and goes with a stage",
                     "write init = { stage = \"name\", disjoint = true }");
      return init;
    }
    init.disjoint = std::get<bool>(disjoint->data);
  }
  for (const char* name : {"key", "prefix"}) {
    const Value* chosen = value.find(name);
    if (!chosen) continue;
    if (!chosen->is_string() || !file) {
      problems.error(chosen->place, fmt::format("{} of an init is a text, and goes with a file", name),
                     "write init = { file = \"path\", key = \"state_dict_ema\", prefix = \"encoder_q.\" }");
      return init;
    }
    (std::string_view(name) == "key" ? init.key : init.prefix) = chosen->string();
    (std::string_view(name) == "key" ? init.key_place : init.prefix_place) = chosen->place;
  }
  if (file && !value.find("stage") && file->is_string()) {
    init.kind = Init::Kind::File;
    init.file = file->string();
    return init;
  }
  if (file || !stage || !stage->is_string()) {
    problems.error(value.place,
                   fmt::format("init is {}", value.is_table() ? "neither a stage nor a file" : describe(value)),
                   "write init = \"stage\", or init = { file = \"path\" }; several are an axis of the grid");
    return init;
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < study.stages.size(); ++i) {
    names.push_back(study.stages[i].name);
    if (study.stages[i].name != stage->string()) continue;
    init.kind = Init::Kind::Stage;
    init.stage = i;
    return init;
  }
  const auto near = suggestion(stage->string(), names);
  problems.error(
      stage->place, fmt::format("there is no stage {} to start from", stage->string()),
      near ? fmt::format("did you mean {}?", *near)
           : fmt::format("the stages are {}; a file is written init = {{ file = \"...\" }}", fmt::join(names, ", ")));
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

std::vector<std::size_t> stage_order(const Study& study, Problems& problems) {
  std::vector<std::size_t> order;
  std::vector<bool> placed(study.stages.size(), false);
  Problems quiet;  // what is wrong with an init is told when its stage is compiled
  for (bool more = true; more;) {
    more = false;
    for (std::size_t i = 0; i < study.stages.size(); ++i) {
      bool ready = !placed[i];
      for (const Value* value : inits_of(study.stages[i])) {
        const Init init = read_init(*value, study, quiet);
        ready = ready && (init.kind != Init::Kind::Stage || placed[init.stage]);
      }
      if (!ready) continue;
      order.push_back(i);
      placed[i] = more = true;
    }
  }
  for (std::size_t i = 0; i < study.stages.size(); ++i)
    if (!placed[i])
      problems.error(inits_of(study.stages[i]).front()->place,
                     fmt::format("stage {} starts, in the end, from itself", study.stages[i].name),
                     "take one init out of the circle, so that some stage starts from nothing");
  return order;
}

}  // namespace cambium
