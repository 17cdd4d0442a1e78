#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "plan/parts.h"

namespace cambium {

/// One point of a stage's grid, before seeds and sources: its parts and the axis values that made it.
struct Point {
  std::array<const BuiltPart*, 4> parts{};  ///< by PartKind
  const Value* init = nullptr;              ///< what it starts from, or null
  std::vector<int> indices;                 ///< a value an axis; -1 for an extra cell that leaves an axis alone
  const Assignment* extra = nullptr;        ///< the extra that it is, or null
  std::size_t backbone_choice = 0;          ///< which of the inherited backbones it takes
  std::optional<std::uint64_t> seed = std::nullopt;  ///< that an axis gives it, in place of the stage's

  const BuiltPart& part(PartKind kind) const { return *parts[std::size_t(kind)]; }
  std::vector<std::uint64_t> seeds(const Stage& stage) const { return seed ? std::vector{*seed} : stage.seeds; }
};

/// A stage's grid: every point, less what is excluded, with what is extra.
class Points {
 public:
  /// `inherited`: backbones to take where the stage's own table leaves the backbone (or keys of it) open; empty: none.
  Points(const Stage& stage, const std::vector<Value>& inherited, PartBuilder& builder, Problems& problems);

  std::vector<Point>& points() { return points_; }
  /// Those of which some part has an error.
  const std::vector<Point>& flawed() const { return flawed_; }
  /// The backbones of all of them, as the study has them.
  const std::vector<Value>& backbones() const { return backbones_; }
  std::int64_t total() const { return std::int64_t(points_.size()); }

  /// The keys of the stage, its axes, extras and excludes that no part reads: an error each. `init_read`: whether some
  /// cell took something from what `init` names.
  void check_keys(bool init_read);

  /// The axes' keys that `point` reads, with their values, in the stage's order. `init`: whether it reads that one.
  std::vector<std::pair<std::string, const Value*>> axes_of(const Point& point, bool init) const;

 private:
  void expand(std::size_t backbone_choice);
  void add(Point point);
  const BuiltPart& part(PartKind kind, const Point& point);
  bool excluded(const Point& point);
  bool matches(const Axis::Key& key, const Point& point);
  bool is_read(const std::string& key) const;

  const Stage& stage_;
  const std::vector<Value>& inherited_;
  PartBuilder& builder_;
  Problems& problems_;
  std::vector<Point> points_, flawed_;
  std::vector<Value> backbones_;
  std::array<std::vector<std::size_t>, 4> axes_of_part_;  ///< the axes that touch a part
  std::vector<std::size_t> axes_of_init_;
  std::array<std::unordered_map<std::string, const BuiltPart*>, 4> memo_;
  std::map<std::pair<const void*, const void*>, bool> matched_;  ///< (exclude key, part or init) -> match
  std::vector<bool> exclude_used_;
  std::array<std::set<std::string_view>, 4> read_;
  std::array<bool, 4> unknown_{};  ///< which keys some part has is not known, for its plugin is not there
  std::set<const BuiltPart*> seen_;
};

}  // namespace cambium
