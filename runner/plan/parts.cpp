#include "plan/parts.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cambium/files.h"
#include "protocol/settings.h"

namespace cambium {
namespace {

PluginKind plugin_kind(PartKind kind) {
  switch (kind) {
    case PartKind::Backbone:
      return PluginKind::Backbone;
    case PartKind::Data:
      return PluginKind::Dataset;
    default:
      return PluginKind::Strategy;
  }
}

const Schema* runner_schema(PartKind kind) {
  if (kind == PartKind::Train) return &train_schema();
  if (kind == PartKind::Data) return &data_schema();
  return nullptr;
}

/// JSON text of a value, numbers in their shortest form. By hand, since a plan may hold 100,000 different parts.
void append(std::string& text, const std::string& value) {
  if (std::all_of(value.begin(), value.end(),
                  [](unsigned char c) { return c >= 32 && c < 127 && c != '"' && c != '\\'; }))
    text.append("\"").append(value).append("\"");
  else
    text += Json(value).dump();
}
void append(std::string& text, bool value) { text += value ? "true" : "false"; }
void append(std::string& text, std::int64_t value) { fmt::format_to(std::back_inserter(text), "{}", value); }
void append(std::string& text, double value) { fmt::format_to(std::back_inserter(text), "{}", value); }
template <class T>
void append(std::string& text, const std::vector<T>& values) {
  text += '[';
  for (const T& value : values) {
    if (&value != &values.front()) text += ',';
    append(text, value);
  }
  text += ']';
}
void append(std::string& text, const std::map<std::string, double>& values) {
  text += '{';
  for (const auto& [name, value] : values) {
    if (text.back() != '{') text += ',';
    append(text, name);
    text += ':';
    append(text, value);
  }
  text += '}';
}

/// What was read as a JSON object. For the identity, without paths and without what is as by default: so a new
/// parameter leaves old results as they are, and a default that changes must raise the version.
std::string params_json(const Schema& schema, const Params& params, bool for_identity) {
  std::string text = "{";
  for (const auto& [name, value] : params.values()) {
    const Parameter& parameter = *schema.find(name);
    if (for_identity && (parameter.type == ParamType::Path || parameter.default_value == value)) continue;
    if (for_identity && &schema == &data_schema() && name == "interpolation") continue;  // identify() has what it means
    if (text.size() > 1) text += ',';
    append(text, name);
    text += ':';
    std::visit([&](const auto& v) { append(text, v); }, value);
  }
  return text + "}";
}

/// Settings of the runner that cannot go together.
void check_train(const Part& part, const Value& table, Problems& problems) {
  const Params& train = part.settings;
  const auto place = [&](const char* key) {
    const Value* value = table.find(key);
    return value ? value->place : part.place;
  };
  const bool cycles = train.has("cycle_momentum") && train.boolean("cycle_momentum");
  if (train.has("nesterov") && train.boolean("nesterov") && train.has("momentum") && train.number("momentum") <= 0 &&
      !cycles)
    problems.error(place("nesterov"), "Nesterov's method needs a momentum",
                   "set momentum, for instance 0.9, or leave nesterov out");
  if (train.has("warmup_epochs") && train.has("epochs") &&
      train.number("warmup_epochs") > double(train.integer("epochs")))
    problems.error(place("warmup_epochs"),
                   fmt::format("the warm-up of {} epochs is longer than the training of {}",
                               train.number("warmup_epochs"), train.integer("epochs")),
                   "make warmup_epochs at most epochs");
}

}  // namespace

const char* to_string(PartKind kind) {
  static constexpr const char* kNames[] = {"backbone", "data", "strategy", "train"};
  return kNames[int(kind)];
}

std::string_view head_of(std::string_view key) { return key.substr(0, key.find('.')); }

std::optional<PartKind> part_of(std::string_view key) {
  for (PartKind kind : kPartKinds)
    if (head_of(key) == to_string(kind)) return kind;
  return std::nullopt;
}

std::string_view name_in_part(std::string_view key) {
  const auto dot = key.find('.');
  return dot == std::string_view::npos ? std::string_view() : head_of(key.substr(dot + 1));
}

std::optional<ParamValue> BuiltPart::value(std::string_view name) const {
  if (name.empty() || name == "plugin") return part->component.plugin;
  for (const Params* params : {&part->component.params, &part->settings})
    if (const auto found = params->values().find(std::string(name)); found != params->values().end())
      return found->second;
  return std::nullopt;
}

PartBuilder::PartBuilder(const Description& plugins, Problems& problems) : plugins_(plugins), problems_(problems) {}

const BuiltPart& PartBuilder::build(PartKind kind, const Value& table, const Place& fallback) {
  std::string key = canonical(table);
  auto& built = built_[kind];
  auto found = built.find(key);
  if (found == built.end()) found = built.emplace(std::move(key), make(kind, table, fallback)).first;
  return found->second;
}

BuiltPart PartBuilder::make(PartKind kind, const Value& given, const Place& fallback) {
  BuiltPart built;
  built.table = given;
  if (given.is_string()) {
    built.table = Value{Value::Table{}, given.place};
    built.table.set("plugin", given.place, given);
  }
  const std::size_t errors = problems_.errors_met();
  if (given.is_unreadable()) {
    problems_.told();
    return built;
  }
  if (!built.table.is_table()) {
    problems_.error(given.place, fmt::format("{} is {}", to_string(kind), describe(given)),
                    kind == PartKind::Train ? "write train = { epochs = 10, lr = 0.01 }"
                                            : "write a plugin's name, or { plugin = \"name\", ... }");
    return built;
  }
  auto part = std::make_shared<Part>();
  part->place = given.place.file.empty() ? fallback : given.place;
  std::string identity, stored;
  if (kind != PartKind::Train) {
    if (const PluginInfo* plugin = find_plugin(kind, built, part->place)) {
      built.has_schema = true;
      part->component.plugin = plugin->name;
      part->version = plugin->version;
      part->library = plugin->sha256;
      read_params(kind, plugin->schema, fmt::format("{} {}", to_string(plugin->kind), plugin->name), built,
                  part->component.params);
      const std::string head =
          fmt::format("\"plugin\":\"{}\",\"version\":\"{}\",\"params\":", plugin->name, plugin->version);
      identity = head + params_json(plugin->schema, part->component.params, true);
      stored = head + params_json(plugin->schema, part->component.params, false);
      built.can_be_asked = problems_.errors_met() == errors;
    }
  }
  built.has_schema = built.has_schema || kind == PartKind::Train;
  if (const Schema* schema = runner_schema(kind)) {
    read_params(kind, *schema, to_string(kind), built, part->settings);
    const std::string name = stored.empty() ? "\"settings\":" : ",\"settings\":";
    identity += name + params_json(*schema, part->settings, true) + settings_version(part->settings);
    stored += name + params_json(*schema, part->settings, false);
    if (kind == PartKind::Train) check_train(*part, built.table, problems_);
  }
  if (problems_.errors_met() != errors) {
    built.known = std::move(part);
    built.id = ids_.emplace("after an error " + canonical(built.table), ids_.size()).first->second;
    return built;
  }

  part->json = "{" + stored + "}";
  part->digest = sha256(fmt::format("{} {}", to_string(kind), identity));
  built.canonical = fmt::format("{} {}", to_string(kind), stored);
  built.part = std::move(part);
  built.known = built.part;
  built.id = ids_.emplace(built.canonical, ids_.size()).first->second;
  return built;
}

const PluginInfo* PartBuilder::find_plugin(PartKind kind, BuiltPart& built, const Place& place) {
  const Value* name = built.table.find("plugin");
  if (name && name->is_unreadable()) return problems_.told(), nullptr;
  if (!name || !name->is_string()) {
    problems_.error(
        name ? name->place : place, fmt::format("{} names no plugin", to_string(kind)),
        fmt::format("write {} = {{ plugin = \"name\", ... }}; `cambium plugins` lists them", to_string(kind)));
    return nullptr;
  }
  std::vector<std::string> names;
  for (const PluginInfo& plugin : plugins_.plugins) {
    if (plugin.kind != plugin_kind(kind)) continue;
    if (plugin.name == name->string()) return &plugin;
    names.push_back(plugin.name);
  }
  const char* what = to_string(plugin_kind(kind));
  const auto near = suggestion(name->string(), names);
  // What the nearest reads may be meant; whether it is right cannot be said.
  for (const PluginInfo& plugin : plugins_.plugins)
    if (near && plugin.kind == plugin_kind(kind) && plugin.name == *near) {
      built.has_schema = true;
      schemas_[kind].insert(&plugin.schema);
      for (const Parameter& parameter : plugin.schema.parameters()) built.read.push_back(parameter.name);
    }
  std::string hint =
      near ? fmt::format("did you mean {}?", *near)
           : fmt::format("there are {}; a folder of others is given with --plugins", fmt::join(names, ", "));
  for (const PluginProblem& problem : plugins_.problems)
    hint += fmt::format("\nnot loaded: {}: {}", problem.path, problem.message);
  problems_.error(name->place, fmt::format("there is no {} plugin {}", what, name->string()), hint);
  return nullptr;
}

void PartBuilder::read_params(PartKind kind, const Schema& schema, const std::string& owner, BuiltPart& built,
                              Params& params) {
  schemas_[kind].insert(&schema);
  std::set<std::string_view> undecided;  // after an error, and so whether what depends on them is read
  Params known;                          // what is read or may be
  for (const Parameter& parameter : schema.parameters()) {
    const bool may_be_read = undecided.count(parameter.when_key) > 0;
    if (!may_be_read && !is_read(parameter, known)) continue;
    built.read.push_back(parameter.name);
    if (const Value* value = built.table.find(parameter.name)) {
      if (auto converted = convert(*value, parameter, owner, problems_)) known.set(parameter.name, *converted);
    } else if (parameter.default_value) {
      known.set(parameter.name, *parameter.default_value);
    } else if (!may_be_read) {
      tell_missing(kind, schema, parameter, owner, built.table);
    }
    if (!known.has(parameter.name))
      undecided.insert(parameter.name);
    else if (!may_be_read)
      params.set(parameter.name, known.values().at(parameter.name));
  }
}

void PartBuilder::tell_missing(PartKind kind, const Schema& schema, const Parameter& parameter,
                               const std::string& owner, const Value& table) {
  std::vector<std::string> names;
  for (const Parameter& known : schema.parameters()) names.push_back(known.name);
  const Schema* settings = runner_schema(kind);
  for (const Value::Member& member : table.table()) {
    const bool known = member.key == "plugin" || schema.find(member.key) || (settings && settings->find(member.key));
    if (known || suggestion(member.key, names) != parameter.name) continue;
    return problems_.error(member.place, fmt::format("{} needs {}, and has {}", owner, parameter.name, member.key),
                           fmt::format("did you mean {}?", parameter.name));
  }
  problems_.error(table.place, fmt::format("{} needs {}", owner, parameter.name),
                  fmt::format("add {} = ... ({}: {})", parameter.name, to_string(parameter.type), parameter.doc));
}

std::vector<std::string> PartBuilder::known_keys(PartKind kind) const {
  std::vector<std::string> keys;
  if (kind != PartKind::Train) keys.push_back("plugin");
  if (const auto found = schemas_.find(kind); found != schemas_.end())
    for (const Schema* schema : found->second)
      for (const Parameter& parameter : schema->parameters()) keys.push_back(parameter.name);
  return keys;
}

std::string PartBuilder::condition(PartKind kind, const std::string& key) const {
  if (const auto found = schemas_.find(kind); found != schemas_.end())
    for (const Schema* schema : found->second)
      if (const Parameter* parameter = schema->find(key); parameter && !parameter->when_key.empty())
        return fmt::format("{} = {}", parameter->when_key, fmt::join(parameter->when_values, " or "));
  return "";
}

}  // namespace cambium
