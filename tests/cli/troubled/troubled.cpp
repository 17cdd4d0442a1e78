#include <ATen/ops/zeros.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

#include "cambium/nn.h"
#include "cambium/plugin.h"

namespace {

using namespace cambium;

void get_into(const std::string& trouble) {
  if (trouble == "nothing" || std::getenv("CAMBIUM_TEST_CALM")) return;
  std::printf("about to %s\n", trouble.c_str());
  if (trouble == "throw") throw std::runtime_error("no luck today");
  if (trouble == "throw_a_number") throw 42;
  if (trouble == "exit") std::exit(3);
  std::raise(trouble == "abort" ? SIGABRT : SIGSEGV);
}

/// All layers learn, and at the end of an epoch there is trouble.
class Troubled : public Strategy {
 public:
  explicit Troubled(const Params& params) : trouble_(params.string("trouble")), epoch_(params.integer("epoch")) {}

  TransferPlan plan(const NetworkFacts& network) const override { return uniform_plan(network, Weights::Fresh, {}); }
  void epoch_end(std::int64_t epoch, const std::map<std::string, double>&) override {
    if (epoch == epoch_) get_into(trouble_);
  }

 private:
  std::string trouble_;
  std::int64_t epoch_;
};

/// All layers learn, and each epoch takes CAMBIUM_TEST_PAUSE milliseconds longer, so that there is time to disturb it.
class Slow : public Strategy {
 public:
  explicit Slow(const Params& params) : weights_(params.boolean("fresh") ? Weights::Fresh : Weights::Source) {}

  TransferPlan plan(const NetworkFacts& network) const override { return uniform_plan(network, weights_, {}); }
  void epoch_end(std::int64_t, const std::map<std::string, double>&) override {
    if (const char* pause = std::getenv("CAMBIUM_TEST_PAUSE"))
      std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(pause)));
  }

 private:
  Weights weights_;
};

/// Two classes of two black images, and trouble when it is opened or read.
class Sick : public MemoryDataset {
 public:
  explicit Sick(const Params& params) : trouble_(params.string("reading")) {
    get_into(params.string("opening"));
    set_info({{1, 8, 8}, {"one", "two"}, "black", {}});
    set_split(Split::Train, at::zeros({4, 1, 8, 8}, at::kByte), {0, 1, 0, 1});
  }
  at::Tensor images(Split split, std::span<const std::int64_t> indices) const override {
    get_into(trouble_);
    return MemoryDataset::images(split, indices);
  }

 private:
  std::string trouble_;
};

/// Waits CAMBIUM_TEST_PAUSE milliseconds with what goes through it.
class Pause : public Module {
 public:
  at::Tensor forward(const at::Tensor& x) override {
    if (const char* pause = std::getenv("CAMBIUM_TEST_PAUSE"))
      std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(pause)));
    return x;
  }
};

/// Two convolutions, with time to disturb it between them.
class Dawdling : public Backbone {
 public:
  Dawdling(const Params&, const ImageShape& image) {
    add_layer<nn::Conv2d>("conv1", image.channels, 6, nn::ConvOptions{.padding = 1});
    add_layer<Pause>("pause");
    add_layer<nn::Conv2d>("conv2", 6, 8, nn::ConvOptions{.padding = 1});
    add_layer<nn::GlobalAveragePool>("pool");
    set_feature_width(8);
  }
};

/// One convolution, and what does not fit it: the head, the stated width, or a second layer.
class Misfit : public Backbone {
 public:
  Misfit(const Params& params, const ImageShape& image) {
    const std::string& where = params.string("where");
    add_layer<nn::Conv2d>("conv", image.channels, 4, nn::ConvOptions{.padding = 1});
    if (where == "width") add_layer<nn::GlobalAveragePool>("pool");
    if (where == "layer") add_layer<nn::Linear>("dense", 5, 4);
    set_feature_width(where == "width" ? 6 : 4);
  }
};

const std::vector<std::string> kTroubles = {"nothing", "throw", "throw_a_number", "exit", "abort", "crash"};

}  // namespace

CAMBIUM_PLUGIN("troubled", "1", registry) {
  registry.add_backbone(
      "misfit", "does not fit together",
      Schema().choice("where", "head", {"head", "width", "layer"}, "what does not fit"),
      [](const Params& params, const ImageShape& image) { return std::make_unique<Misfit>(params, image); });
  registry.add_backbone("dawdling", "time to disturb it", Schema(), [](const Params& params, const ImageShape& image) {
    return std::make_unique<Dawdling>(params, image);
  });
  registry.add_strategy(
      "troubled", "trouble at the end of an epoch",
      Schema().choice("trouble", "nothing", kTroubles, "what happens").integer("epoch", 1, {1, 1000}, "of which epoch"),
      [](const Params& params) { return std::make_unique<Troubled>(params); });
  registry.add_strategy("slow", "time to disturb it", Schema().boolean("fresh", true, "whether it takes nothing over"),
                        [](const Params& params) { return std::make_unique<Slow>(params); });
  registry.add_dataset("sick", "trouble with the data",
                       Schema()
                           .choice("opening", "nothing", kTroubles, "what happens when it is opened")
                           .choice("reading", "nothing", kTroubles, "what happens when it is read"),
                       [](const Params& params) { return std::make_unique<Sick>(params); });
}
