#include "plan/points.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "plan/labels.h"

namespace cambium {
namespace {

/// "strategy = x" and "strategy = { plugin = x }" are the same thing.
void spell_out(Value& part) {
  if (!part.is_string()) return;
  Value table{Value::Table{}, part.place};
  table.set("plugin", part.place, part);
  part = std::move(table);
}

void lay_over(Value& table, const std::string& key, const Value& value, const Place& place) {
  const auto dot = key.find('.');
  if (dot != std::string::npos) {
    spell_out(table);
    if (table.is_table()) assign(table, std::string_view(key).substr(dot + 1), value, place);
    return;
  }
  Value over = value;
  spell_out(over);
  spell_out(table);
  merge(table, over);
  table.place = over.place;
}

}  // namespace

Points::Points(const Stage& stage, const std::vector<Value>& inherited, PartBuilder& builder, Problems& problems)
    : stage_(stage), inherited_(inherited), builder_(builder), problems_(problems) {
  exclude_used_.resize(stage.excludes.size());
  for (std::size_t a = 0; a < stage.axes.size(); ++a)
    for (const Axis::Key& key : stage.axes[a].keys) {
      auto& axes = head_of(key.name) == "init" ? axes_of_init_
                   : part_of(key.name)         ? axes_of_part_[std::size_t(*part_of(key.name))]
                                               : axes_of_init_;
      if (axes.empty() || axes.back() != a) axes.push_back(a);
    }
  for (std::size_t choice = 0; choice < std::max<std::size_t>(1, inherited.size()); ++choice) expand(choice);
  for (std::size_t e = 0; e < stage.excludes.size(); ++e)
    if (!exclude_used_[e] && flawed_.empty())
      problems.warning(stage.excludes[e].place, "this exclude leaves out nothing",
                       "no cell of the grid has these values; take it out, or mend it");
}

void Points::expand(std::size_t backbone_choice) {
  Point point;
  point.backbone_choice = backbone_choice;
  point.indices.assign(stage_.axes.size(), 0);
  for (bool more = true; more;) {
    add(point);
    more = false;  // the last axis runs fastest
    for (std::size_t a = stage_.axes.size(); a-- > 0 && !more;) {
      more = std::size_t(++point.indices[a]) < stage_.axes[a].size();
      if (!more) point.indices[a] = 0;
    }
  }
  for (const Assignment& extra : stage_.extras) {
    Point added;
    added.backbone_choice = backbone_choice;
    added.indices.assign(stage_.axes.size(), -1);
    added.extra = &extra;
    add(added);
  }
}

void Points::add(Point point) {
  bool fine = true;
  for (PartKind kind : kPartKinds) {
    const BuiltPart& built = part(kind, point);
    point.parts[std::size_t(kind)] = &built;
    if (seen_.insert(&built).second) {
      read_[std::size_t(kind)].insert(built.read.begin(), built.read.end());
      if (kind == PartKind::Backbone) backbones_.push_back(built.table);
      if (!built.has_schema) unknown_[std::size_t(kind)] = true;
    }
    fine = fine && built.part;
  }
  point.init = stage_.base.find("init");
  for (std::size_t a : axes_of_init_)
    if (point.indices[a] >= 0)
      for (const Axis::Key& key : stage_.axes[a].keys)
        if (key.name == "init") point.init = &key.values[std::size_t(point.indices[a])];
  if (point.extra)
    for (const Axis::Key& key : point.extra->keys)
      if (key.name == "init") point.init = &key.values.front();
  for (std::size_t a = 0; a < stage_.axes.size(); ++a)
    if (point.indices[a] >= 0)
      for (const Axis::Key& key : stage_.axes[a].keys)
        if (key.name == "seed" && key.values[std::size_t(point.indices[a])].is_number())
          point.seed = std::uint64_t(key.values[std::size_t(point.indices[a])].number());
  if (!point.extra && excluded(point)) return;
  (fine ? points_ : flawed_).push_back(std::move(point));
}

const BuiltPart& Points::part(PartKind kind, const Point& point) {
  const auto& axes = axes_of_part_[std::size_t(kind)];
  std::string key(reinterpret_cast<const char*>(&point.extra), sizeof point.extra);
  if (kind == PartKind::Backbone)
    key.append(reinterpret_cast<const char*>(&point.backbone_choice), sizeof point.backbone_choice);
  for (std::size_t a : axes) key.append(reinterpret_cast<const char*>(&point.indices[a]), sizeof(int));
  auto& memo = memo_[std::size_t(kind)];
  if (const auto found = memo.find(key); found != memo.end()) return *found->second;

  const std::string name = to_string(kind);
  const Value* own = stage_.base.find(name);
  Value table{Value::Table{}, stage_.place};
  if (stage_.unsure && kind != PartKind::Train) table.set("plugin", stage_.place, {Unreadable{}, stage_.place});
  if (kind == PartKind::Backbone && !inherited_.empty()) table = inherited_[point.backbone_choice];
  if (own) lay_over(table, name, *own, own->place);
  // Whole parts first, then their keys: "strategy" before "strategy.cut".
  for (const bool whole : {true, false})
    for (std::size_t a : axes)
      if (point.indices[a] >= 0)
        for (const Axis::Key& axis : stage_.axes[a].keys)
          if (part_of(axis.name) == kind && (axis.name == name) == whole)
            lay_over(table, axis.name, axis.values[std::size_t(point.indices[a])], axis.place);
  if (point.extra)
    for (const bool whole : {true, false})
      for (const Axis::Key& extra : point.extra->keys)
        if (part_of(extra.name) == kind && (extra.name == name) == whole)
          lay_over(table, extra.name, extra.values.front(), extra.place);
  return *memo.emplace(std::move(key), &builder_.build(kind, table, stage_.place)).first->second;
}

bool Points::matches(const Axis::Key& key, const Point& point) {
  if (key.name == "arm")
    return std::any_of(key.values.begin(), key.values.end(), [&](const Value& value) {
      return value.is_string() && value.string() == arm_name(stage_, point.indices, point.extra);
    });
  const auto kind = part_of(key.name);
  const void* subject = kind ? static_cast<const void*>(point.parts[std::size_t(*kind)]) : point.init;
  const auto [at, fresh] = matched_.try_emplace({&key, subject}, false);
  if (!fresh) return at->second;
  const Value* value = nullptr;
  if (!kind) {
    value = point.init;
  } else {
    const Value& table = point.part(*kind).table;
    const auto dot = key.name.find('.');
    value = dot == std::string::npos ? &table : find_path(table, std::string_view(key.name).substr(dot + 1));
  }
  for (const Value& wanted : key.values) {
    if (!value) break;
    const Value* against = value;
    if (wanted.is_string() && value->is_table()) against = value->find(kind ? "plugin" : "stage");
    if (against && wanted.is_table() && against->is_table()) {  // a table matches where its members do
      bool all = true;
      for (const Value::Member& member : wanted.table()) {
        const Value* there = against->find(member.key);
        all = all && there && same(*there, member.value);
      }
      at->second = at->second || all;
    } else if (against) {
      at->second = at->second || same(*against, wanted);
    }
  }
  return at->second;
}

bool Points::excluded(const Point& point) {
  bool out = false;
  for (std::size_t e = 0; e < stage_.excludes.size(); ++e) {
    bool all = true;
    for (const Axis::Key& key : stage_.excludes[e].keys) all = all && matches(key, point);
    if (all) exclude_used_[e] = out = true;
  }
  return out;
}

bool Points::is_read(const std::string& key) const {
  const auto kind = part_of(key);
  if (!kind) return true;  // init and arm are judged elsewhere
  const std::string_view name = name_in_part(key);
  return name.empty() || name == "plugin" || read_[std::size_t(*kind)].count(name) != 0 || unknown_[std::size_t(*kind)];
}

void Points::check_keys(bool init_read) {
  const auto check = [&](const std::string& key, const Place& place) {
    if (is_read(key) || problems_.has_error_at(place)) return;
    const PartKind kind = *part_of(key);
    const std::string name(name_in_part(key));
    const std::string condition = builder_.condition(kind, name);
    const auto known = builder_.known_keys(kind);
    const auto near = suggestion(name, known);
    if (!condition.empty())
      problems_.error(place, fmt::format("no cell of stage {} reads {}", stage_.name, key),
                      fmt::format("it is read only where {}; change that, or leave {} out", condition, key));
    else
      problems_.error(place, fmt::format("nothing in stage {} reads {}", stage_.name, key),
                      near ? fmt::format("did you mean {}.{}?", to_string(kind), *near)
                           : fmt::format("{} has {}", to_string(kind),
                                         known.empty() ? "no keys" : fmt::format("{}", fmt::join(known, ", "))));
  };
  for (const Value::Member& part : stage_.base.table())
    if (part.key != "init" && part.value.is_table())
      for (const Value::Member& member : part.value.table()) check(part.key + "." + member.key, member.place);
  const auto check_all = [&](const std::vector<Axis::Key>& keys) {
    for (const Axis::Key& key : keys) {
      check(key.name, key.place);
      if (key.name == "init") continue;
      for (const Value& value : key.values)  // strategy = [{ plugin = "x", cut = 3 }]
        if (part_of(key.name) && name_in_part(key.name).empty() && value.is_table())
          for (const Value::Member& member : value.table()) check(key.name + "." + member.key, member.place);
    }
  };
  for (const Axis& axis : stage_.axes) check_all(axis.keys);
  for (const Assignment& extra : stage_.extras) check_all(extra.keys);
  for (const Assignment& exclude : stage_.excludes) check_all(exclude.keys);
  if (const Value* init = stage_.base.find("init"); init && !init_read && !points_.empty() && flawed_.empty())
    problems_.error(init->place, fmt::format("nothing in stage {} starts from what init names", stage_.name),
                    "leave init out, or take a strategy that transfers, as full_finetuning");
}

std::vector<std::pair<std::string, const Value*>> Points::axes_of(const Point& point, bool init) const {
  std::vector<std::pair<std::string, const Value*>> axes;
  const auto counts = [&](const std::string& key) {
    if (key == "init") return init;
    const auto kind = part_of(key);
    if (!kind) return false;
    const std::string_view name = name_in_part(key);
    return name.empty() || name == "plugin" || point.part(*kind).reads(name);
  };
  for (std::size_t a = 0; a < stage_.axes.size(); ++a)
    if (point.indices[a] >= 0)
      for (const Axis::Key& key : stage_.axes[a].keys)
        if (counts(key.name)) axes.emplace_back(key.name, &key.values[std::size_t(point.indices[a])]);
  if (point.extra)
    for (const Axis::Key& key : point.extra->keys)
      if (counts(key.name)) axes.emplace_back(key.name, &key.values.front());
  return axes;
}

}  // namespace cambium
