#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "weights/tensors.h"

namespace cambium {
namespace {

using Kind = PickleValue::Kind;

constexpr std::size_t kMostSteps = 100'000'000;  // values looked at and letters of names: far beyond any real network
constexpr int kNesting = 4, kModuleNesting = 64;

/// Where checkpoints keep the network, the likeliest first.
constexpr std::array<std::string_view, 12> kPlaces = {
    "state_dict", "model_state_dict", "model_state", "model",  "net_state_dict", "net",
    "network",    "weights",          "params",      "module", "model_ema",      "state_dict_ema"};

class Finder {
 public:
  Finder(const WeightsSource& source, const PickleGraph& graph, std::vector<std::string>& opaque)
      : source_(source), graph_(graph), opaque_(opaque) {}

  std::vector<FoundNetwork> find() {
    look(graph_.root, "", 0);
    begin("");
    found_.pop_back();
    if (found_.empty()) nothing();
    return std::move(found_);
  }

 private:
  [[noreturn]] void nothing() const {
    const PickleValue& root = graph_[graph_.root];
    std::string what = "no named tensors";
    if (is_tensor(graph_, graph_.root))
      what = "a single tensor without a name";
    else if (root.kind == Kind::Object)
      what = "an object of " + graph_.name_of(graph_.root) + " and no named tensors";
    else if (root.kind == Kind::List || root.kind == Kind::Tuple)
      what = "a list, which gives its tensors no names";
    source_.fail("holds " + what, "save the network's state_dict()");
  }

  /// The dictionary of a module's attributes, or kNoValue where `ref` is no module.
  PickleRef module_state(PickleRef ref) const {
    const PickleValue& value = graph_[ref];
    if (value.kind != Kind::Object || value.state == kNoValue || graph_[value.state].kind != Kind::Dict ||
        is_tensor(graph_, ref))
      return kNoValue;
    return value.state;
  }

  bool is_dict(PickleRef ref) const {
    return graph_[ref].kind == Kind::Dict || (graph_[ref].kind == Kind::Object && !graph_[ref].items.empty());
  }

  /// Holds the work to what the size of a file can explain: values may be shared, and nest in circles.
  void spend(std::size_t steps) {
    steps_ += steps;
    if (steps_ > kMostSteps) source_.fail("nests what it holds without end");
  }

  bool has_tensors(PickleRef dict) {
    const auto& items = graph_[dict].items;
    spend(items.size());
    for (std::size_t i = 0; i + 1 < items.size(); i += 2)
      if (graph_[items[i]].kind == Kind::Text && is_tensor(graph_, items[i + 1])) return true;
    return false;
  }

  /// Whether a module, or one below it, has a tensor. Each module is looked at once.
  bool module_has_tensors(PickleRef ref, int depth) {
    const PickleRef state = module_state(ref);
    if (state == kNoValue || depth > kModuleNesting || !looked_.insert(ref).second) return false;
    spend(graph_[state].items.size());
    std::vector<PickleRef> tables = {state};
    for (const char* key : {"_parameters", "_buffers", "_modules"})
      if (const PickleRef table = graph_.find(state, key); table != kNoValue && is_dict(table)) tables.push_back(table);
    for (PickleRef table : tables) {
      if (has_tensors(table)) return true;
      const auto& items = graph_[table].items;
      for (std::size_t i = 0; i + 1 < items.size(); i += 2)
        if (module_has_tensors(items[i + 1], depth + 1)) return true;
    }
    return false;
  }

  static std::string below(const std::string& key, std::string_view child) {
    return key.empty() ? std::string(child) : fmt::format("{}.{}", key, child);
  }

  /// Takes what may be a network in the value at `key`: modules, and dictionaries of tensors; those in the likeliest
  /// places first. Each value is looked at once. Tells whether there is one.
  bool look(PickleRef ref, const std::string& key, int depth) {
    if (depth > kNesting || !seen_.insert(ref).second) return false;
    spend(key.size() + 1);
    if (module_has_tensors(ref, 0)) {
      begin(key);
      take_module(ref, "", 0);
      return true;
    }
    if (!is_dict(ref)) return false;
    std::set<PickleRef> used;  // of the dictionary's values
    for (std::string_view place : kPlaces)
      if (const PickleRef child = graph_.find(ref, place);
          child != kNoValue && look(child, below(key, place), depth + 1))
        used.insert(child);
    if (has_tensors(ref)) {
      begin(key);
      take_dict(ref, "");
      used.insert(ref);
    }
    const auto& items = graph_[ref].items;
    std::vector<std::string> others;
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
      if (graph_[items[i]].kind != Kind::Text || is_tensor(graph_, items[i + 1])) continue;
      const std::string_view name = graph_[items[i]].text;
      const bool learning = name.rfind("optim", 0) == 0 || name.rfind("sched", 0) == 0;
      if (!learning && look(items[i + 1], below(key, name), depth + 1)) used.insert(items[i + 1]);
      if (used.count(items[i + 1]) == 0) others.emplace_back(name);
    }
    if (!used.empty()) opaque_.insert(opaque_.end(), others.begin(), others.end());
    return !used.empty();
  }

  void begin(const std::string& key) {
    if (!found_.empty() && found_.back().tensors.empty()) found_.pop_back();
    found_.push_back({key, {}});
  }
  void take(std::string name, PickleRef ref) {
    spend(name.size());
    found_.back().tensors.push_back({std::move(name), ref});
  }

  /// A dictionary's tensors; the last of a name counts, as in Python. Those of `without` are none of the network's
  /// state.
  void take_dict(PickleRef dict, const std::string& prefix, const std::set<std::string_view>& without = {}) {
    const auto& items = graph_[dict].items;
    spend(items.size());
    std::set<std::string_view> taken;
    for (std::size_t i = items.size(); i >= 2; i -= 2) {
      const PickleValue& key = graph_[items[i - 2]];
      if (key.kind != Kind::Text || !taken.insert(key.text).second) continue;
      if (is_tensor(graph_, items[i - 1]) && without.count(key.text) == 0)
        take(prefix + std::string(key.text), items[i - 1]);
    }
  }

  std::set<std::string_view> names_in(PickleRef set) const {
    std::set<std::string_view> names;
    // Before protocol 4 a set is the call set([...]).
    if (set != kNoValue && graph_.name_of(set).ends_with(".set") && graph_[set].arguments != kNoValue &&
        graph_[graph_[set].arguments].items.size() == 1)
      set = graph_[graph_[set].arguments].items.front();
    if (set != kNoValue)
      for (PickleRef item : graph_[set].items)
        if (graph_[item].kind == Kind::Text) names.insert(graph_[item].text);
    return names;
  }

  /// A module's tensors under state_dict's names: of an eager module those registered, of a scripted one all
  /// attributes.
  void take_module(PickleRef ref, const std::string& prefix, int depth) {
    const PickleRef state = module_state(ref);
    if (state == kNoValue) return;
    if (depth > kModuleNesting) source_.fail("nests its modules without end");
    spend(graph_[state].items.size() + prefix.size() + 1);
    const PickleRef children = graph_.find(state, "_modules");
    for (const char* key : {"_parameters", "_buffers"})
      if (const PickleRef table = graph_.find(state, key); table != kNoValue && is_dict(table))
        take_dict(table, prefix, names_in(graph_.find(state, "_non_persistent_buffers_set")));
    const bool scripted = children == kNoValue;
    if (scripted) take_dict(state, prefix);
    const PickleRef below = scripted ? state : children;
    if (!is_dict(below)) return;
    const auto& items = graph_[below].items;
    for (std::size_t i = 0; i + 1 < items.size(); i += 2)
      if (graph_[items[i]].kind == Kind::Text)
        take_module(items[i + 1], prefix + std::string(graph_[items[i]].text) + ".", depth + 1);
  }

  const WeightsSource& source_;
  const PickleGraph& graph_;
  std::vector<std::string>& opaque_;
  std::vector<FoundNetwork> found_;
  std::set<PickleRef> seen_, looked_;
  std::size_t steps_ = 0;
};

}  // namespace

std::vector<FoundNetwork> find_networks(const WeightsSource& source, const PickleGraph& graph,
                                        std::vector<std::string>& opaque) {
  return Finder(source, graph, opaque).find();
}

}  // namespace cambium
