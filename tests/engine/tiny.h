#pragma once

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cambium/files.h"
#include "cambium/nn.h"
#include "cambium/random.h"
#include "engine/model/facts.h"
#include "engine/train/events.h"
#include "engine/train/trainer.h"
#include "protocol/selected.h"
#include "protocol/settings.h"
#include "support/temporary_folder.h"

/// A network, a data set and a strategy that are small enough to train within milliseconds.
namespace cambium::test {

/// Convolution, batch norm, ReLU, dropout, pooling: everything that freezing must hold still.
class Block : public Module {
 public:
  Block(std::int64_t in, std::int64_t out, double dropout)
      : conv_(child<nn::Conv2d>("conv", in, out, nn::ConvOptions{3, 1, 1, 1, true})),
        norm_(child<nn::BatchNorm>("bn", out)),
        dropout_(child<nn::Dropout>("drop", dropout)),
        pool_(child<nn::MaxPool2d>("pool", 2)) {}
  at::Tensor forward(const at::Tensor& x) override {
    return pool_.forward(dropout_.forward(norm_.forward(conv_.forward(x)).relu()));
  }

 private:
  Module &conv_, &norm_, &dropout_, &pool_;
};

class Dense : public Module {
 public:
  Dense(std::int64_t in, std::int64_t out) : linear_(child<nn::Linear>("", in, out)) {}
  at::Tensor forward(const at::Tensor& x) override { return linear_.forward(x.flatten(1)).relu(); }

 private:
  Module& linear_;
};

inline constexpr ImageShape kShape = {1, 8, 8};

/// conv1, conv2, fc3 on [N, 1, 8, 8]. Parameters: conv1 4*9 + 4 + 8 = 48, conv2 6*36 + 6 + 12 = 234, fc3 8*24 + 8 =
/// 200.
class TinyBackbone : public Backbone {
 public:
  explicit TinyBackbone(double dropout = 0) {
    add_layer<Block>("conv1", 1, 4, dropout);
    add_layer<Block>("conv2", 4, 6, dropout);
    add_layer<Dense>("fc3", 24, 8);
    set_feature_width(8);
  }
};

/// Classes that differ by where they are bright, under noise. Tells of each look at its test split.
class TinyDataset : public MemoryDataset {
 public:
  struct Sizes {
    std::int64_t train = 60, validation = 0, test = 30;
  };
  TinyDataset() : TinyDataset(Sizes{}) {}
  /// `order`: which class stands where; the images are the same.
  explicit TinyDataset(Sizes sizes, double noise = 60, std::vector<std::int64_t> order = {0, 1, 2})
      : noise_(noise), order_(std::move(order)) {
    const std::vector<std::string> names = {"left", "right", "both"};
    std::vector<std::string> classes;
    for (const std::int64_t place : order_) classes.push_back(names[std::size_t(place)]);
    set_info({kShape, classes, "tiny", {}});
    fill(Split::Train, sizes.train, 1);
    if (sizes.validation > 0) fill(Split::Validation, sizes.validation, 2);
    if (sizes.test > 0) fill(Split::Test, sizes.test, 3);
  }
  std::span<const std::int64_t> labels(Split split) const override {
    if (split == Split::Test && on_test) on_test();
    return MemoryDataset::labels(split);
  }
  at::Tensor images(Split split, std::span<const std::int64_t> indices) const override {
    if (split == Split::Test && on_test) on_test();
    return MemoryDataset::images(split, indices);
  }
  std::function<void()> on_test;

 private:
  void fill(Split split, std::int64_t count, std::uint64_t seed) {
    at::Tensor images = at::empty({count, 1, 8, 8}, at::kByte);
    std::vector<std::int64_t> labels;
    RandomStream random(seed, "tiny");
    auto* pixel = images.data_ptr<std::uint8_t>();
    for (std::int64_t i = 0; i < count; ++i) {
      labels.push_back(i % 3);
      for (std::int64_t p = 0; p < 64; ++p) {
        const bool left = p % 8 < 4;
        const double light = (labels.back() == 2 || left == (labels.back() == 0)) ? 150 : 60;
        *pixel++ = std::uint8_t(std::clamp(light + noise_ * random.normal(), 0.0, 255.0));
      }
    }
    for (std::int64_t& label : labels) label = std::find(order_.begin(), order_.end(), label) - order_.begin();
    set_split(split, images, labels);
  }
  double noise_;
  std::vector<std::int64_t> order_;
};

/// Whatever plan, penalty and look at an epoch's end the test wants.
class TinyStrategy : public Strategy {
 public:
  explicit TinyStrategy(TransferPlan plan) : plan_(std::move(plan)) {}
  TransferPlan plan(const NetworkFacts&) const override { return plan_; }
  at::Tensor penalty(const TrainingStep& step) const override { return on_penalty ? on_penalty(step) : at::Tensor(); }
  void epoch_end(std::int64_t epoch, const std::map<std::string, double>& metrics) override {
    if (on_epoch) on_epoch(epoch, metrics);
  }
  std::function<at::Tensor(const TrainingStep&)> on_penalty;
  std::function<void(std::int64_t, const Metrics&)> on_epoch;

 private:
  TransferPlan plan_;
};

/// A plan for TinyBackbone: all its layers in one way.
inline TransferPlan plan_of(Weights weights, LayerPlan layer) {
  return {{weights, weights, weights}, {{0, {layer, layer, layer}, {}}}, 0};
}
inline TransferPlan scratch() { return plan_of(Weights::Fresh, {}); }
inline LayerPlan frozen(FrozenMode mode = FrozenMode::Eval) {
  return {.trainable = Trainable::None, .frozen_mode = mode};
}

using Overrides = std::map<std::string, ParamValue>;

inline Params settings(const Schema& schema, const Overrides& overrides) { return typed(Params(overrides), schema); }

/// A folder with a job's files, the run of it, and what the event file says.
class Bench {
 public:
  explicit Bench(Overrides train = {}, Overrides data = {}, TransferPlan plan = scratch())
      : strategy(std::make_unique<TinyStrategy>(std::move(plan))) {
    job.cell = std::string(64, 'c');
    job.seed = 7;
    Overrides defaults = {{"epochs", std::int64_t(4)}, {"batch", std::int64_t(10)}, {"lr", 0.05}};
    train.merge(defaults);
    job.train_settings = settings(train_schema(), train);
    job.data_settings = settings(data_schema(), data);
    job.events = folder.path() / "events.jsonl";
    job.weights_stem = folder.path() / "weights";
    job.selections = folder.path();
    job.checkpoint = folder.path() / "checkpoint.safetensors";
  }

  void run() {
    Ingredients ingredients;
    if (!body)
      body = std::make_shared<Body>(
          Body{Model(std::make_unique<TinyBackbone>(dropout), classes(), precision_of(job.train_settings))});
    ingredients.body = body;
    ingredients.taps = &taps;
    ingredients.dataset = dataset;
    ingredients.source_dataset = source_dataset;
    ingredients.strategy = std::move(strategy);
    EventFile events(job.events);
    Stopwatch watch;
    train(job, std::move(ingredients), events, watch);
  }
  std::int64_t classes() const { return std::int64_t(kept_classes(job.data_settings, dataset->info().classes).size()); }
  std::vector<Json> events() const {
    std::vector<Json> all;
    std::ifstream file(job.events);
    for (std::string line; std::getline(file, line);) all.push_back(Json::parse(line));
    return all;
  }
  /// The metrics of each epoch and, last, of the end: all that must come out the same.
  std::vector<Json> metrics() const {
    std::vector<Json> all;
    for (const Json& event : events())
      if (event.contains("metrics")) all.push_back(event["metrics"]);
    return all;
  }
  Json finished() const { return events().back().at("metrics"); }
  std::string weights(const std::string& kind) const { return job.weights_stem + "." + kind + ".safetensors"; }

  TemporaryFolder folder;
  TrainJob job;
  double dropout = 0;
  std::shared_ptr<TinyDataset> dataset = std::make_shared<TinyDataset>();
  std::shared_ptr<TinyDataset> source_dataset;
  std::unique_ptr<TinyStrategy> strategy;
  std::shared_ptr<Body> body;  ///< the run's own where there is none
  TapFiles taps;
};

/// A SHA-256 over bytes, by tensor.
inline std::map<std::string, std::string> hashes(const TensorMap& tensors) {
  std::map<std::string, std::string> result;
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor whole = tensor.detach().contiguous();
    result[name] = sha256(std::string_view(static_cast<const char*>(whole.data_ptr()), whole.nbytes()));
  }
  return result;
}

}  // namespace cambium::test
