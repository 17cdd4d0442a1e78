#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plan/plan.h"
#include "study/study.h"

namespace cambium {

/// The tables of a stage that become parts of a cell.
enum class PartKind { Backbone, Data, Strategy, Train };
inline constexpr std::array<PartKind, 4> kPartKinds = {PartKind::Backbone, PartKind::Data, PartKind::Strategy,
                                                       PartKind::Train};
const char* to_string(PartKind kind);

/// "train" of "train.lr".
std::string_view head_of(std::string_view key);
/// The part that a dotted key belongs to; none for init and arm.
std::optional<PartKind> part_of(std::string_view key);
/// "lr" of "train.lr"; "rates" of "strategy.rates.conv1"; empty for "strategy".
std::string_view name_in_part(std::string_view key);

/// A part, and what was seen while it was built.
struct BuiltPart {
  std::shared_ptr<const Part> part;    ///< null after an error
  std::shared_ptr<const Part> known;   ///< `part`; after an error, what is right of it
  bool can_be_asked = false;           ///< all that its plugin reads is right
  bool has_schema = false;             ///< its plugin is there, so that its keys can be judged, error or not
  Value table;                         ///< as the study has it, merged
  std::vector<std::string_view> read;  ///< "lr": the names of the parameters that count, or may after an error
  std::string canonical;               ///< equal for equal parts; paths included
  std::size_t id = 0;                  ///< equal for equal parts

  bool reads(std::string_view name) const { return std::find(read.begin(), read.end(), name) != read.end(); }
  /// What parameter `name` (the plugin, for "" and "plugin") came to, given or by default; nothing if it is not read.
  std::optional<ParamValue> value(std::string_view name) const;
};

/// Builds parts by the plugins' schemas, each different table once.
class PartBuilder {
 public:
  PartBuilder(const Description& plugins, Problems& problems);

  /// `table`: a string (the plugin's name) or a table. `fallback`: where to point if there is nothing better.
  const BuiltPart& build(PartKind kind, const Value& table, const Place& fallback);

  /// Every key below `kind` that some plugin in use, or the runner, could read: for suggestions.
  std::vector<std::string> known_keys(PartKind kind) const;
  /// Where `key` ("momentum") of `kind` would be read: "optimizer = sgd"; empty if no schema in use has it or it is
  /// always read.
  std::string condition(PartKind kind, const std::string& key) const;

 private:
  BuiltPart make(PartKind kind, const Value& table, const Place& fallback);
  const PluginInfo* find_plugin(PartKind kind, BuiltPart& built, const Place& fallback);
  void read_params(PartKind kind, const Schema& schema, const std::string& owner, BuiltPart& built, Params& params);
  void tell_missing(PartKind kind, const Schema& schema, const Parameter& parameter, const std::string& owner,
                    const Value& table);

  const Description& plugins_;
  Problems& problems_;
  std::map<PartKind, std::unordered_map<std::string, BuiltPart>> built_;
  std::map<PartKind, std::set<const Schema*>> schemas_;
  std::unordered_map<std::string, std::size_t> ids_;
};

/// `value` as `parameter` wants it. Nothing, and a problem, where it is of another type or out of range.
std::optional<ParamValue> convert(const Value& value, const Parameter& parameter, const std::string& owner,
                                  Problems& problems);

/// Whether `parameter` is read, given the values of those declared before it.
bool is_read(const Parameter& parameter, const Params& params);

}  // namespace cambium
