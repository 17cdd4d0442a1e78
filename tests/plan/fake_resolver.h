#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "plan/resolver.h"

namespace cambium::test {

/// Plugins that are only declared: a backbone "net" (width), a data set "toy" (root, 2 classes of 10 images; "sick"
/// cannot be opened, "three" has a third class, "turned" the two the other way round), strategies "scratch" (nothing),
/// "copy" (takes all layers over), "keep" (the head too), "mix" (as "copy", and mixes in source data), "probe" (as
/// "copy", all of it frozen) and "cut" (cut, frozen; takes the first layers over).
class FakeResolver : public Resolver {
 public:
  FakeResolver() {
    const auto add = [this](PluginKind kind, const char* name, Schema schema) {
      description_.plugins.push_back({kind, name, "doc", std::move(schema), "1", "/lib.so", "abc"});
    };
    add(PluginKind::Backbone, "net", Schema().integer("width", 4, {1, 64}, "channels"));
    add(PluginKind::Backbone, "other",
        Schema().choice("kind", "a", {"a", "b"}, "kind").number("drop", 0.5, {0, 1}, "drop").when("kind", {"b"}));
    add(PluginKind::Dataset, "toy",
        Schema().path("root", std::nullopt, "folder").integer("noise", 0, {0, 10}, "noise"));
    add(PluginKind::Strategy, "scratch", Schema());
    add(PluginKind::Strategy, "copy", Schema());
    add(PluginKind::Strategy, "keep", Schema());
    add(PluginKind::Strategy, "mix", Schema());
    add(PluginKind::Strategy, "probe", Schema());
    add(PluginKind::Strategy, "cut",
        Schema().integer("cut", std::nullopt, {0, 7}, "layers taken over").boolean("frozen", true, "frozen"));
  }

  const Description& describe() override { return description_; }

  std::vector<DatasetFacts> datasets(const std::vector<DatasetRequest>& requests) override {
    std::vector<DatasetFacts> answers;
    for (const DatasetRequest& request : requests) {
      ++asked_datasets;
      DatasetFacts facts;
      const std::string root = request.data.params.string("root");
      if (root == "sick") {
        facts.failure = Failure{"root sick: cut short", "fetch it again", "data"};
      } else {
        facts.shape = root == "big"      ? ImageShape{3, 32, 32}
                      : root == "photos" ? ImageShape{3, 0, 0}
                      : root == "tall"   ? ImageShape{1, 16, 8}
                                         : ImageShape{1, 8, 8};
        facts.classes = {"cat", "dog"};
        if (root == "eight") facts.classes = {"a", "b", "c", "d", "e", "f", "g", "h"};
        if (root == "three") facts.classes.push_back("cow");
        if (root == "turned") facts.classes = {"dog", "cat"};
        facts.per_class = {{"train", std::vector<std::int64_t>(facts.classes.size(), 10)},
                           {"test", std::vector<std::int64_t>(facts.classes.size(), 5)}};
        if (root == "lacking") facts.per_class["train"][1] = 0;
        facts.skipped = skipped;
        facts.notes = notes;
        facts.fingerprint = fingerprints.count(root) ? fingerprints[root] : "bytes of " + root;
      }
      answers.push_back(facts);
    }
    return answers;
  }

  std::vector<NetworkInfo> networks(const std::vector<NetworkRequest>& requests) override {
    std::vector<NetworkInfo> answers;
    for (const NetworkRequest& request : requests) {
      ++asked_networks;
      asked_shapes.push_back(request.shape);
      NetworkInfo info;
      const std::int64_t width = request.backbone.params.has("width") ? request.backbone.params.integer("width") : 1;
      for (const char* name : {"conv1", "conv2", "fc3"})
        info.layers.push_back({name, {width}, width * request.shape.channels, operations});
      info.feature_width = width;
      const auto& strategy = request.strategy;
      const bool keep = strategy.plugin == "keep", mix = strategy.plugin == "mix", probe = strategy.plugin == "probe";
      const std::int64_t cut = strategy.plugin == "copy" || keep || mix || probe ? 3
                               : strategy.plugin == "cut"                        ? strategy.params.integer("cut")
                                                                                 : 0;
      info.least_batch = least_batch;
      if (keep) info.plan.head = Weights::Source;
      if (network_fingerprints.count(request.backbone.plugin))
        info.fingerprint = network_fingerprints[request.backbone.plugin];
      info.plan.source_share = mix ? 0.25 : 0;
      if (cut > 3)
        info.failure =
            Failure{"the network has 3 layers, and cut is " + std::to_string(cut), "cut at 0 to 3", "strategy"};
      for (std::int64_t i = 0; i < 3; ++i) info.plan.weights.push_back(i < cut ? Weights::Source : Weights::Fresh);
      info.plan.phases = {{0, std::vector<LayerPlan>(3), {}}};
      if (probe)
        for (LayerPlan& layer : info.plan.phases.front().layers) layer.trainable = Trainable::None;
      info.linear_head = linear_head;
      if (strategy.plugin == "cut" && strategy.params.boolean("frozen"))
        for (std::int64_t i = 0; i < std::min<std::int64_t>(3, cut); ++i)
          info.plan.phases[0].layers[std::size_t(i)].trainable = Trainable::None;
      answers.push_back(info);
    }
    return answers;
  }

  /// `overlap`, for every request.
  std::vector<OverlapFacts> overlaps(const std::vector<OverlapRequest>& requests) override {
    return std::vector<OverlapFacts>(requests.size(), overlap);
  }

  std::vector<WeightsFit> weights(const std::vector<WeightsRequest>& requests) override {
    asked_weights += int(requests.size());
    asked_weights_of.insert(asked_weights_of.end(), requests.begin(), requests.end());
    if (!requests.empty()) asked_file = requests.back().weights;
    return std::vector<WeightsFit>(requests.size(), weights_fit);
  }

  Description& description() { return description_; }
  std::vector<std::string> skipped, notes;  ///< of every data set
  OverlapFacts overlap;
  WeightsFit weights_fit;
  WeightsRef asked_file;
  std::vector<ImageShape> asked_shapes;
  std::vector<WeightsRequest> asked_weights_of;
  std::map<std::string, std::string> fingerprints, network_fingerprints;
  std::int64_t least_batch = 1, operations = 10;  ///< the latter of each layer
  bool linear_head = true;
  int asked_datasets = 0, asked_networks = 0, asked_weights = 0;

 private:
  Description description_;
};

}  // namespace cambium::test
