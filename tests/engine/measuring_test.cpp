#include "engine/measure/measuring.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gmock/gmock.h>

#include <numeric>

#include "engine/measure/layer_measures.h"
#include "engine/measure/task.h"
#include "measures/similarity.h"
#include "tiny.h"
#include "weights/torch/tensor_file.h"

namespace cambium::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A source cell and a cell that starts from it, both trained; then measures of the latter.
class Measuring : public ::testing::Test {
 protected:
  explicit Measuring(LayerPlan layer = {}) : plan_(plan_of(Weights::Source, layer)) {
    base_.run();
    target_ = std::make_unique<Bench>(Overrides{}, Overrides{{"validation", 0.2}}, plan_);
    target_->dataset = std::make_shared<TinyDataset>(TinyDataset::Sizes{60, 0, 33}, 90);
    target_->job.source = WeightsRef{base_.weights("last"), ""};
    target_->run();
    job_.cell = target_->job.cell;
    job_.seed = target_->job.seed;
    job_.data_settings = target_->job.data_settings;
    job_.train_settings = target_->job.train_settings;
    job_.weights = {target_->weights("last"), ""};
    job_.source = target_->job.source;
    job_.source_cell = MeasureJob::SourceCell{base_.job.seed, {}, {}, base_.job.data_settings};
    job_.files_stem = target_->folder.path() / "cell";
    job_.events = target_->folder.path() / "measures.jsonl";
  }

  static Measure measure(const std::string& name, const Overrides& params = {}) {
    return {name, typed(Params(params), find_measure(name)->schema)};
  }
  /// The events that taking these measures gives.
  std::vector<Json> take(std::vector<Measure> measures) {
    job_.measures = std::move(measures);
    MeasureIngredients ingredients;
    ingredients.backbone = ingredients.source_backbone = [] { return std::make_unique<TinyBackbone>(); };
    ingredients.dataset = target_->dataset;
    ingredients.source_dataset = base_.dataset;
    ingredients.strategy = std::make_unique<TinyStrategy>(plan_);
    {
      std::filesystem::remove(job_.events);
      EventFile events(job_.events);
      take_measures(job_, std::move(ingredients), events);
    }
    std::vector<Json> all;
    std::ifstream file(job_.events);
    for (std::string line; std::getline(file, line);) all.push_back(Json::parse(line));
    return all;
  }
  std::map<std::string, double> values(const Measure& measure) {
    const Json event = take({measure}).front();
    EXPECT_EQ(event["type"], "measured") << event;
    std::map<std::string, double> result;
    for (const Json& pair : event["values"]) result[pair[0]] = pair[1].is_number() ? pair[1].get<double>() : NAN;
    return result;
  }
  /// The trained network.
  Model trained() const {
    Model model(std::make_unique<TinyBackbone>(), 3);
    model.load_state(read_weights(job_.weights.path).tensors);
    return model;
  }

  TransferPlan plan_;
  Bench base_;
  std::unique_ptr<Bench> target_;
  MeasureJob job_;
};

class MeasuringFrozen : public Measuring {
 protected:
  MeasuringFrozen() : Measuring(frozen()) {}
};

TEST_F(Measuring, TellsEachMeasureAndTheEndInNumberedEvents) {
  const auto events = take({measure("ece"), measure("filters"), measure("knn", {{"k", std::int64_t(5)}})});
  ASSERT_EQ(events.size(), 4u);
  for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i]["seq"], i);
  EXPECT_EQ(events[2]["measure"], "knn(k=5)");
  EXPECT_EQ(events[3]["type"], "finished");
}

TEST_F(Measuring, LooksAtAllTestImagesForWhatIsTakenOnTest) {
  const double accuracy = target_->finished()["test_accuracy"];
  EXPECT_DOUBLE_EQ(values(measure("ece"))["accuracy"], accuracy);
  double right = 0, all = 0;
  for (const auto& [key, count] : values(measure("confusion"))) {
    all += count;
    const auto arrow = key.find(" -> ");
    if (key.substr(0, arrow) == key.substr(arrow + 4)) right += count;
  }
  EXPECT_EQ(all, 33);
  EXPECT_DOUBLE_EQ(right / all, accuracy);
  double mean = 0;
  for (const auto& [name, part] : values(measure("per_class"))) mean += part / 3;  // 11 images each
  EXPECT_NEAR(mean, accuracy, 1e-12);
}

TEST_F(Measuring, NeverOpensTheTestSplitForWhatIsTakenOnTrainingImages) {
  target_->dataset->on_test = base_.dataset->on_test = [] { throw std::logic_error("the test split was read"); };
  const Overrides train = {{"split", std::string("train")}};
  for (const Json& event : take({measure("logme"), measure("leep"), measure("nce"), measure("hscore"),
                                 measure("knn", train), measure("gradient_norm"), measure("a_distance"),
                                 measure("taps", train), measure("weight_distance"), measure("cka")}))
    EXPECT_THAT(std::string(event["type"]), ::testing::AnyOf("measured", "finished")) << event;
  EXPECT_EQ(take({measure("ece")})[0]["message"], "the test split was read");
  EXPECT_EQ(take({measure("bound")})[0]["type"], "unmeasured");
}

TEST_F(MeasuringFrozen, SeesThatFrozenLayersDidNotMove) {
  auto distance = values(measure("weight_distance"));
  for (const char* layer : {"conv1", "conv2", "fc3"}) EXPECT_EQ(distance[layer], 0) << layer;
  EXPECT_GT(distance["head"], 0);
  for (const auto& [layer, cka] : values(measure("cka"))) EXPECT_NEAR(cka, 1, 1e-9) << layer;
}

TEST_F(Measuring, BeginsWhereTheCellBegan) {
  Bench idle({{"epochs", std::int64_t(0)}}, {}, plan_);
  idle.job.source = job_.source;
  idle.run();
  job_.weights = {idle.weights("last"), ""};
  for (const auto& [layer, distance] : values(measure("weight_distance"))) EXPECT_EQ(distance, 0) << layer;
}

TEST_F(Measuring, SeesHowFarLayersMovedFromTheSource) {
  auto distance = values(measure("weight_distance"));
  const auto begin = read_weights(base_.weights("last")).tensors, end = read_weights(job_.weights.path).tensors;
  double squares = 0, length = 0;
  for (const char* name : {"conv1.conv.weight", "conv1.conv.bias", "conv1.bn.weight", "conv1.bn.bias"}) {
    squares += (end.at(name) - begin.at(name)).square().sum().item<double>();
    length += begin.at(name).square().sum().item<double>();
  }
  EXPECT_GT(distance["conv1"], 0);
  EXPECT_NEAR(distance["conv1"], std::sqrt(squares), 1e-6);
  EXPECT_NEAR(distance["conv1 relative"], std::sqrt(squares / length), 1e-6);
  EXPECT_LT(values(measure("cka"))["fc3"], 1);
}

TEST_F(Measuring, TakesCkaBlockByBlockAsAtOnce) {
  Task task(*target_->dataset, job_.data_settings, {}, job_.seed);
  const Images images = task.in_order(Split::Train, 1000);
  Model one(std::make_unique<TinyBackbone>(), 3), other = trained();
  one.load_state(read_weights(base_.weights("last")).tensors);
  std::vector<std::int64_t> all(images.size());
  std::iota(all.begin(), all.end(), 0);
  one.eval();
  other.eval();
  at::Tensor a = images.inputs(all).detach(), b = a;
  std::vector<double> expected;
  for (std::size_t l = 0; l < 3; ++l) {
    a = one.backbone().forward(a, l, l + 1).detach();
    b = other.backbone().forward(b, l, l + 1).detach();
    expected.push_back(measures::linear_cka(a.flatten(1), b.flatten(1)));
  }
  // conv1 and conv2 give 64 and 24 numbers, fc3 8: 768 bytes an image. 5 at a time, one at a time, all at once.
  for (const std::int64_t bytes : {std::int64_t(5 * 768), std::int64_t(1), std::int64_t(1) << 30}) {
    const LayerValues values = layer_cka(one, other, images, bytes);
    ASSERT_EQ(values.size(), 3u);
    for (std::size_t l = 0; l < 3; ++l) EXPECT_NEAR(values[l].second, expected[l], 1e-6) << bytes;
  }
}

TEST_F(Measuring, SaysThatADistanceRelativeToNothingIsUndefined) {
  Model start(std::make_unique<TinyBackbone>(), 3);
  start.load_state(read_weights(base_.weights("last")).tensors);
  for (const char* name : {"head.weight", "head.bias"}) start.state().at(name).zero_();
  std::map<std::string, double> distance;
  for (const auto& [key, value] : weight_distances(start, trained())) distance[key] = value;
  EXPECT_GT(distance.at("head"), 0);
  EXPECT_TRUE(std::isnan(distance.at("head relative")));
  EXPECT_TRUE(std::isfinite(distance.at("fc3 relative")));
}

TEST_F(Measuring, TakesTheGradientOfTheMeanLossOverAllTrainingImages) {
  // By central differences of the loss over the head's 27 parameters.
  const double norm = values(measure("gradient_norm"))["head"];
  Task task(*target_->dataset, job_.data_settings, {}, job_.seed);
  const Images images = task.in_order(Split::Train, 1000);
  ASSERT_EQ(images.size(), 48u);
  Model model = trained();
  double gradient = 0, length = 0;
  for (const char* name : {"head.weight", "head.bias"}) {
    at::Tensor flat = model.state().at(name).view(-1);
    for (std::int64_t i = 0; i < flat.size(0); ++i) {
      const double value = flat[i].item<double>(), step = 0.01;
      flat[i].fill_(value + step);
      const double above = evaluate(model, images).loss;
      flat[i].fill_(value - step);
      const double below = evaluate(model, images).loss;
      flat[i].fill_(value);
      gradient += std::pow((above - below) / (2 * step), 2);
      length += value * value;
    }
  }
  EXPECT_NEAR(norm, std::sqrt(gradient / length), 2e-3 * norm + 1e-5);
}

TEST_F(Measuring, TakesTheTermsOfTheBoundByTheSource) {
  auto bound = values(measure("bound"));
  EXPECT_NEAR(bound["source_error"], 1 - base_.finished()["test_accuracy"].get<double>(), 1e-12);
  EXPECT_NEAR(bound["target_error"], 1 - target_->finished()["test_accuracy"].get<double>(), 1e-12);
  EXPECT_NEAR(bound["bound"], bound["source_error"] + bound["half_divergence"] + bound["lambda"], 1e-12);
  EXPECT_NEAR(bound["half_divergence"] * 2, values(measure("a_distance"))["a_distance"], 1e-12);
  EXPECT_NEAR(bound["lambda"], bound["lambda_source"] + bound["lambda_target"], 1e-12);
}

TEST_F(Measuring, WritesTapsInTheDatasOrderWithTheirLabels) {
  const Json event =
      take({measure("taps", {{"layer", std::string("conv2")}, {"split", std::string("test")}, {"pooled", false}})})[0];
  ASSERT_EQ(event["files"].size(), 2u);
  const auto bytes = read_bytes(std::string(event["files"][0]["path"]));
  EXPECT_EQ(event["files"][0]["bytes"], bytes.size());
  EXPECT_EQ(event["files"][0]["sha256"], sha256_file(std::string(event["files"][0]["path"])));
  EXPECT_THAT(std::string(bytes.begin(), bytes.begin() + 128), HasSubstr("'shape': (33, 6, 2, 2)"));
  Model model = trained();
  model.eval();
  std::vector<std::int64_t> first = {0, 1, 2};
  const at::Tensor images = target_->dataset->images(Split::Test, first);
  const at::Tensor expected = model.features(normalised(images, {{0.5}, {0.25}}), 2).detach().contiguous();
  const auto* taps = reinterpret_cast<const float*>(bytes.data() + 128);
  for (std::int64_t i = 0; i < expected.numel(); ++i) ASSERT_NEAR(taps[i], expected.data_ptr<float>()[i], 1e-5) << i;
  const auto labels = read_bytes(std::string(event["files"][1]["path"]));
  const auto* label = reinterpret_cast<const std::int64_t*>(labels.data() + 128);
  EXPECT_THAT((std::vector<std::int64_t>(label, label + 4)), ElementsAre(0, 1, 2, 0));
}

TEST_F(Measuring, GivesTheSameNumbersAgain) {
  const std::vector<Measure> all = {measure("logme"), measure("hscore"), measure("a_distance"),
                                    measure("knn", {{"images", std::int64_t(20)}})};
  const auto once = take(all), again = take(all);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(once[i]["values"], again[i]["values"]);
}

TEST_F(Measuring, GoesOnAfterAMeasureThatCannotBeTaken) {
  job_.source_cell.reset();
  const auto events = take({measure("leep"), measure("ece")});
  EXPECT_EQ(events[0]["type"], "unmeasured");
  EXPECT_EQ(events[0]["message"], "the cell starts from no other cell");
  EXPECT_EQ(events[1]["type"], "measured");
  EXPECT_EQ(events[2]["type"], "finished");
}

TEST_F(Measuring, ReadsNoWeightsThatItDoesNotLookAt) {
  const Measure before = measure("logme"), source = measure("leep"), after = measure("ece");
  job_.weights.path += ".gone";
  for (const Measure& one : {before, source}) EXPECT_EQ(take({one}).front()["type"], "measured") << one.name;
  job_.weights = {target_->weights("last"), ""};
  job_.source->path += ".gone";
  EXPECT_EQ(take({after}).front()["type"], "measured");
  EXPECT_EQ(take({before}).front()["type"], "unmeasured");
}

TEST_F(Measuring, TellsTheVersionOfItsMathematics) {
  EXPECT_EQ(take({measure("weight_distance")}).front()["version"], find_measure("weight_distance")->version);
}

TEST_F(Measuring, RefusesWeightsThatAreNotTheCells) {
  job_.weights.sha256 = std::string(64, '0');
  EXPECT_THROW(take({measure("ece")}), Error);
}

}  // namespace
}  // namespace cambium::test
