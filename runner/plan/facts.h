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

  /// `flawed`: points of which some part has an error. What is right of them is asked about too, so that all errors
  /// are told at once.
  void ask(const std::vector<Point>& points, const std::vector<Point>& flawed);

  std::shared_ptr<const DatasetFacts> dataset(const Point& point) const;
  std::shared_ptr<const NetworkInfo> network(const Point& point) const;

 private:
  using NetworkKey =
      std::tuple<std::size_t, std::size_t, std::size_t, std::int64_t>;  ///< backbone, strategy, data ids; epochs
  static NetworkKey key(const Point& point);
  void fail(const BuiltPart& built, const Failure& failure);
  void ask_datasets(const std::vector<const Point*>& points);
  void ask_networks(const std::vector<Point>& points);
  void ask_strategies(const std::vector<const Point*>& points);
  NetworkRequest request(const Point& point, const ImageShape& shape, std::int64_t classes, std::int64_t epochs) const;
  /// Tells what is wrong; the strategy's fault in the strategy, or in what it says it is about.
  void tell(const Point& point, const Failure& failure);

  Resolver& resolver_;
  std::filesystem::path data_root_;
  Problems& problems_;
  std::map<std::size_t, std::shared_ptr<const DatasetFacts>> datasets_;
  std::set<std::size_t> trained_;  ///< of these, what some point trains on
  std::map<NetworkKey, std::shared_ptr<const NetworkInfo>> networks_;
  std::set<std::pair<std::size_t, std::size_t>> planned_;  ///< backbone and strategy that were asked about together
};

}  // namespace cambium
