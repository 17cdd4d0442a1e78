#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <vector>

#include "plan/points.h"
#include "plan/resolver.h"

namespace cambium {

/// What the plugins answered, each question asked once, all questions of a stage together. Failed answers are told as
/// problems where the study names what failed, and are null.
class Facts {
 public:
  Facts(Resolver& resolver, std::filesystem::path data_root, Problems& problems)
      : resolver_(resolver), data_root_(std::move(data_root)), problems_(problems) {}

  void ask(const std::vector<Point>& points);

  std::shared_ptr<const DatasetFacts> dataset(const Point& point) const;
  std::shared_ptr<const NetworkInfo> network(const Point& point) const;

 private:
  using NetworkKey =
      std::tuple<std::size_t, std::size_t, std::size_t, std::int64_t>;  ///< backbone, strategy, data ids; epochs
  static NetworkKey key(const Point& point);
  void fail(const BuiltPart& built, const Failure& failure);

  Resolver& resolver_;
  std::filesystem::path data_root_;
  Problems& problems_;
  std::map<std::size_t, std::shared_ptr<const DatasetFacts>> datasets_;
  std::set<std::size_t> trained_;  ///< of these, what some point trains on
  std::map<NetworkKey, std::shared_ptr<const NetworkInfo>> networks_;
};

}  // namespace cambium
