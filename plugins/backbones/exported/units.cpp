#include "units.h"

#include <algorithm>
#include <set>

#include "operations.h"

namespace cambium::exported {
namespace {

bool is_within(const std::string& path, const std::string& module) {
  return module.empty() || path == module || (path.rfind(module, 0) == 0 && path[module.size()] == '.');
}

/// The child of `module` on the way to `path`, which is within it; `module` itself where that is the end.
std::string child_of(const std::string& module, const std::string& path) {
  if (path == module) return module;
  return path.substr(0, path.find('.', module.empty() ? 0 : module.size() + 1));
}

std::string parent_of(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos ? std::string() : path.substr(0, dot);
}

/// The module that both are within.
std::string common(const std::string& a, const std::string& b) {
  std::string module = a;
  while (!is_within(b, module)) module = parent_of(module);
  return module;
}

struct Run {
  std::string name;
  std::size_t from = 0, to = 0;
  bool multiplies = false;
};

class Divider {
 public:
  Divider(const Graph& graph, Units units, std::size_t places) : graph_(graph), units_(units), places_(places) {}

  std::vector<Span> divide() {
    find_blocks();
    std::vector<Run> runs = runs_of([&](std::size_t p) { return unit(p); });
    absorb(runs);
    join(runs);
    if (units_ != Units::Module) widen(runs);
    if (units_ == Units::Stage) stages(runs);
    return named(runs);
  }

 private:
  const std::string& module(std::size_t place) const { return graph_.modules[graph_.path[place]]; }
  bool may_end(std::size_t place) const { return graph_.cuts[place] != kNone; }
  bool multiplies(std::size_t place) const {
    const std::size_t operation = graph_.path[place];
    return is_product(graph_.operations[operation].name) && !graph_.parameters_of(operation).empty();
  }

  const std::string& class_of(const std::string& path) const {
    static const std::string kUnknown;
    const auto found = graph_.program.classes.find(path);
    return found == graph_.program.classes.end() ? kUnknown : found->second;
  }
  /// A module that only holds others.
  bool is_container(const std::string& path) const {
    const std::string& name = class_of(path);
    return name.empty() || name.rfind("torch.nn.modules.container.", 0) == 0;
  }

  /// The child as which a place counts within `module`: containers are looked through.
  std::string part(const std::string& module, const std::string& path) const {
    std::string child = child_of(module, path);
    while (child != path && is_container(child)) child = child_of(child, path);
    return child;
  }

  /// Classes of which one instance has something that goes around something else.
  void find_blocks() {
    std::set<std::string> seen;
    for (std::size_t p = 0; p < places_; ++p)
      for (std::string path = this->module(p); !path.empty(); path = parent_of(path))
        if (seen.insert(path).second && !is_container(path) && !is_chain(path)) {
          blocks_.insert(class_of(path));
          patterns_.insert(pattern_of(path));
        }
  }
  /// "blocks.#.#" for "blocks.0.1".
  static std::string pattern_of(const std::string& path) {
    std::string pattern;
    for (std::size_t begin = 0; begin <= path.size();) {
      const std::size_t end = std::min(path.find('.', begin), path.size());
      const std::string part = path.substr(begin, end - begin);
      pattern += (part.find_first_not_of("0123456789") == std::string::npos ? "#" : part) + ".";
      begin = end + 1;
    }
    return pattern;
  }
  bool is_block(const std::string& path) const {
    return !is_container(path) && (blocks_.count(class_of(path)) || patterns_.count(pattern_of(path)));
  }
  bool is_chain(const std::string& path) const {
    for (std::size_t p = 0; p + 1 < places_; ++p)
      if (is_within(module(p), path) && is_within(module(p + 1), path) && !may_end(p) &&
          part(path, module(p)) != part(path, module(p + 1)))
        return false;
    return true;
  }

  std::string unit(std::size_t place) const {
    const std::string& path = module(place);
    if (units_ == Units::Module) return path;
    std::string at = child_of("", path);
    while (at != path && !is_block(at)) at = child_of(at, path);
    return at;
  }

  template <class Name>
  std::vector<Run> runs_of(Name name) const {
    std::vector<Run> runs;
    for (std::size_t p = 0; p < places_; ++p) {
      std::string unit = name(p);
      if (runs.empty() || runs.back().name != unit) runs.push_back({std::move(unit), p, p, false});
      runs.back().to = p + 1;
      runs.back().multiplies = runs.back().multiplies || multiplies(p);
    }
    return runs;
  }

  /// What multiplies nothing goes to what is before it, at the beginning to what is after. Of modules: what stands in
  /// the network itself and in none of its modules.
  void absorb(std::vector<Run>& runs) const {
    std::vector<Run> kept;
    for (Run& run : runs) {
      const bool alone = units_ == Units::Module ? !run.name.empty() : run.multiplies;
      if (!kept.empty() && (!alone || kept.back().name == run.name ||
                            (!kept.back().multiplies && kept.size() == 1 && units_ != Units::Module))) {
        if (run.multiplies && !kept.back().multiplies) kept.back().name = run.name;
        kept.back().multiplies = kept.back().multiplies || run.multiplies;
        kept.back().to = run.to;
      } else {
        kept.push_back(std::move(run));
      }
    }
    runs = std::move(kept);
  }

  /// Runs between which there is no cut are one.
  void join(std::vector<Run>& runs) const {
    std::vector<Run> kept;
    for (Run& run : runs) {
      if (kept.empty() || may_end(kept.back().to - 1)) {
        kept.push_back(std::move(run));
        continue;
      }
      Run& before = kept.back();
      const std::size_t from = before.from;
      std::string name = common(before.name, run.name);
      // The whole of a module has its name; else it is called by the part of it that multiplies last.
      if (name.empty() || !is_whole(name, from, run.to)) {
        const std::string& last = run.multiplies || !before.multiplies ? run.name : before.name;
        name = child_of(name, last);
      }
      before.name = name;
      before.to = run.to;
      before.multiplies = before.multiplies || run.multiplies;
    }
    runs = std::move(kept);
  }
  bool is_whole(const std::string& name, std::size_t from, std::size_t to) const {
    for (std::size_t p = 0; p < places_; ++p)
      if ((p < from || p >= to) && is_within(module(p), name) && multiplies(p)) return false;
    return true;
  }

  /// A leaf is called by the module of which it is all that multiplies: "features.0" for "features.0.0".
  void widen(std::vector<Run>& runs) const {
    for (Run& run : runs) {
      if (is_block(run.name)) continue;
      for (std::string parent = parent_of(run.name); !parent.empty() && is_whole(parent, run.from, run.to);
           parent = parent_of(parent))
        run.name = parent;
    }
  }

  void stages(std::vector<Run>& runs) const {
    std::set<std::string> blocks;
    for (const Run& run : runs) blocks.insert(run.name);
    std::vector<Run> kept;
    for (Run& run : runs) {
      run.name = stage(run.name, blocks);
      if (!kept.empty() && kept.back().name == run.name)
        kept.back().to = run.to;
      else
        kept.push_back(std::move(run));
    }
    runs = std::move(kept);
  }

  /// The parts of `module` that hold more than one block.
  static std::set<std::string> large(const std::string& module, const std::set<std::string>& blocks) {
    std::set<std::string> once, twice;
    for (const std::string& block : blocks)
      if (is_within(block, module) && block != module)
        if (const std::string child = child_of(module, block); !once.insert(child).second) twice.insert(child);
    return twice;
  }
  static std::string stage(const std::string& block, const std::set<std::string>& blocks) {
    std::string at;
    for (bool sole = true;;) {
      const std::string child = child_of(at, block);
      const auto among = large(at, blocks);
      if (child == block || among.count(child) == 0) return child;
      sole = sole && among.size() == 1;
      if (!sole && large(child, blocks).size() < 2) return child;
      at = child;
    }
  }

  std::vector<Span> named(const std::vector<Run>& runs) const {
    std::vector<Span> spans;
    std::set<std::string> names;
    for (const Run& run : runs) {
      const std::string base = run.name.empty() ? "network" : run.name;
      std::string name = base;
      for (int i = 2; !names.insert(name).second; ++i) name = base + "_" + std::to_string(i);
      spans.push_back({name, run.from, run.to});
    }
    return spans;
  }

  const Graph& graph_;
  Units units_;
  std::size_t places_;
  std::set<std::string> blocks_;    ///< names of classes
  std::set<std::string> patterns_;  ///< of their paths
};

}  // namespace

std::vector<Span> layers_of(const Graph& graph, Units units, std::size_t places) {
  return Divider(graph, units, places).divide();
}

}  // namespace cambium::exported
