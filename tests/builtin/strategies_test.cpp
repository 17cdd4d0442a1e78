#include "builtin.h"

namespace cambium::test {
namespace {

TransferPlan plan_of(const std::string& name, const Values& values = {}, std::int64_t epochs = 5) {
  return plugins().make_strategy({name, Params(values)})->plan({{{"conv1", 10}, {"conv2", 20}, {"fc3", 30}}, epochs});
}

using Rates = std::map<std::string, double>;
const std::vector<double> kHalving = {0.125, 0.25, 0.5};  ///< three layers below a head at 1

/// All three layers alike, in one phase, under a head that learns at the study's rate.
TransferPlan alike(Weights weights, LayerPlan layer) {
  TransferPlan plan;
  plan.weights = {weights, weights, weights};
  plan.phases = {{0, {layer, layer, layer}, LayerPlan{}}};
  return plan;
}

TEST(FeatureExtraction, FreezesEverySourceLayerInEvalMode) {
  const TransferPlan plan = plan_of("feature_extraction");
  EXPECT_EQ(plan, alike(Weights::Source, {Trainable::None, 1, {}, FrozenMode::Eval}));
  EXPECT_TRUE(plan.phases[0].layers[0].frozen());
  EXPECT_FALSE(plan.phases[0].head.frozen());
}

TEST(FullFinetuning, LearnsEveryTransferredLayer) {
  EXPECT_EQ(plan_of("full_finetuning"), alike(Weights::Source, {Trainable::All, 1, {}, FrozenMode::Eval}));
}

TEST(FullFinetuning, BackboneRateLeavesTheHeadAtTheStudysRate) {
  const TransferPlan plan = plan_of("full_finetuning", {{"backbone_rate", 0.1}});
  EXPECT_EQ(plan, alike(Weights::Source, {Trainable::All, 0.1, {}, FrozenMode::Eval}));
  EXPECT_EQ(plan.phases[0].head.rate, 1);
}

TEST(FromScratch, TakesNothingFromASource) {
  const TransferPlan plan = plan_of("from_scratch");
  EXPECT_EQ(plan, alike(Weights::Fresh, {Trainable::All, 1, {}, FrozenMode::Eval}));
  EXPECT_FALSE(plan.needs_source());
  EXPECT_TRUE(plan_of("feature_extraction").needs_source());
}

/// The first `cut` layers in one way, the rest in another.
TransferPlan cut_at(std::size_t cut, Weights weights, LayerPlan below, Weights above = Weights::Fresh) {
  TransferPlan plan = alike(above, {});
  for (std::size_t l = 0; l < cut; ++l) {
    plan.weights[l] = weights;
    plan.phases[0].layers[l] = below;
  }
  return plan;
}
const LayerPlan kFrozen = {.trainable = Trainable::None};

TEST(PartialFinetuning, GivesTheArmsOfYosinski2014) {
  const auto arm = [](std::int64_t cut, bool frozen) {
    return plan_of("partial_finetuning", {{"cut", cut}, {"frozen", frozen}});
  };
  EXPECT_EQ(arm(1, true), cut_at(1, Weights::Source, kFrozen));  // AnB, BnB
  EXPECT_EQ(arm(2, false), cut_at(2, Weights::Source, {}));      // AnB+, BnB+
  EXPECT_EQ(arm(3, true), cut_at(3, Weights::Source, kFrozen));  // only the head is new
  const TransferPlan control =
      plan_of("partial_finetuning", {{"cut", std::int64_t{2}}, {"weights", std::string("random")}});
  EXPECT_EQ(control, cut_at(2, Weights::Fresh, kFrozen));
  EXPECT_FALSE(control.needs_source());
}

TEST(PartialFinetuning, FreezesTheBottomOfASourceThatIsTakenWhole) {
  const TransferPlan plan = plan_of("partial_finetuning", {{"cut", std::int64_t{1}}, {"above", std::string("source")}});
  EXPECT_EQ(plan, cut_at(1, Weights::Source, kFrozen, Weights::Source));
}

TEST(PartialFinetuning, TellsHowFrozenAndLearningLayersRun) {
  EXPECT_EQ(plan_of("partial_finetuning", {{"cut", std::int64_t{2}}, {"frozen_mode", std::string("train")}}),
            cut_at(2, Weights::Source, {.trainable = Trainable::None, .frozen_mode = FrozenMode::Train}));
  EXPECT_EQ(plan_of("partial_finetuning", {{"cut", std::int64_t{2}}, {"frozen", false}, {"rate", 0.1}}),
            cut_at(2, Weights::Source, {.rate = 0.1}));
}

TEST(PartialFinetuning, NamesTheLayersThereAreToACutPastThem) {
  const Error error = error_of([] { plan_of("partial_finetuning", {{"cut", std::int64_t{4}}}); });
  EXPECT_EQ(error.message(), "cut 4 is past the last of the backbone's 3 layers");
  EXPECT_EQ(error.hint(), "the layers are conv1, conv2, fc3: a cut lies between 1 and 3");
}

TEST(Evaluation, TakesTheHeadTooAndLearnsNothing) {
  const auto strategy = plugins().make_strategy({"evaluation", Params()});
  NetworkFacts facts{{{"conv1", 10}, {"conv2", 20}, {"fc3", 30}}, 0};
  TransferPlan expected = alike(Weights::Source, {Trainable::None, 1, {}, FrozenMode::Eval});
  expected.head = Weights::Source;
  expected.phases[0].head.trainable = Trainable::None;
  EXPECT_EQ(strategy->plan(facts), expected);
  facts.epochs = 3;
  const Error error = error_of([&] { strategy->plan(facts); });
  EXPECT_NE(error.message().find("train.epochs is 3"), std::string::npos);
  EXPECT_NE(error.hint().find("train.epochs = 0"), std::string::npos);
}

/// The absolute rates of a plan's only phase, the head's last.
std::vector<double> learning_rates(const TransferPlan& plan) {
  std::vector<double> rates;
  for (const LayerPlan& layer : plan.phases[0].layers) rates.push_back(layer.learning_rate.value_or(-1));
  rates.push_back(plan.phases[0].head.learning_rate.value_or(-1));
  return rates;
}

TEST(LayerwiseLr, GivesEveryLayerAndTheHeadItsRateOrTheDefault) {
  const TransferPlan plan =
      plan_of("layerwise_lr", {{"rates", Rates{{"conv1", 1e-4}, {"head", 1e-3}, {"default", 5e-4}}}});
  EXPECT_EQ(learning_rates(plan), (std::vector<double>{1e-4, 5e-4, 5e-4, 1e-3}));
  TransferPlan relative = plan;
  for (LayerPlan& layer : relative.phases[0].layers) layer.learning_rate.reset();
  relative.phases[0].head.learning_rate.reset();
  EXPECT_EQ(relative, alike(Weights::Source, {}));
}

TEST(LayerwiseLr, TakesAStagesRateForTheLayersWithinIt) {
  const auto strategy = plugins().make_strategy(
      {"layerwise_lr", Params(Values{{"rates", Rates{{"layer1", 1e-4}, {"layer1.1", 2e-4}, {"default", 1e-3}}}})});
  const TransferPlan plan = strategy->plan({{{"conv1", 1}, {"layer1.0", 1}, {"layer1.1", 1}, {"layer10", 1}}, 5});
  EXPECT_EQ(learning_rates(plan), (std::vector<double>{1e-3, 1e-4, 2e-4, 1e-3, 1e-3}));
}

TEST(LayerwiseLr, FallsFromTheHeadDownByAFactor) {
  const TransferPlan plan = plan_of("layerwise_lr", {{"by", std::string("decay")}, {"decay", 2.0}});
  for (std::size_t l = 0; l < 3; ++l) EXPECT_DOUBLE_EQ(plan.phases[0].layers[l].rate, kHalving[l]);
  EXPECT_EQ(plan.phases[0].head, LayerPlan{});
}

TEST(LayerwiseLr, SuggestsALayerForOneThatIsNotThere) {
  const Error error = error_of([] {
    plan_of("layerwise_lr", {{"rates", Rates{{"conv11", 1e-4}, {"default", 1e-3}}}});
  });
  EXPECT_EQ(error.message(), "rates has conv11, and the backbone has no such layer");
  EXPECT_EQ(error.hint(), "did you mean conv1?");
}

TEST(LayerwiseLr, LeavesNoLayerWithoutARate) {
  const Error error = error_of([] { plan_of("layerwise_lr", {{"rates", Rates{{"conv2", 1e-4}}}}); });
  EXPECT_EQ(error.message(), "rates leaves out conv1, fc3, head");
}

/// Which layers learn, phase by phase: "0: ---", "1: --x".
std::vector<std::string> phases(const TransferPlan& plan) {
  std::vector<std::string> result;
  for (const Phase& phase : plan.phases) {
    std::string text = std::to_string(phase.epoch) + ": ";
    for (const LayerPlan& layer : phase.layers) text += layer.frozen() ? "-" : "x";
    EXPECT_FALSE(phase.head.frozen());
    result.push_back(text);
  }
  return result;
}
using Phases = std::vector<std::string>;

TEST(GradualUnfreezing, BeginsWithTheHeadAndGoesDown) {
  EXPECT_EQ(phases(plan_of("gradual_unfreezing")), (Phases{"0: ---", "1: --x", "2: -xx", "3: xxx"}));
  EXPECT_EQ(phases(plan_of("gradual_unfreezing", {{"every", std::int64_t{2}}, {"layers", std::int64_t{2}}})),
            (Phases{"0: ---", "2: -xx", "4: xxx"}));
  EXPECT_EQ(phases(plan_of("gradual_unfreezing", {{"every", std::int64_t{2}}})), (Phases{"0: ---", "2: --x", "4: -xx"}))
      << "the run ends before the last";
  EXPECT_EQ(phases(plan_of("gradual_unfreezing",
                           {{"by", std::string("epochs")}, {"epochs", std::vector<std::int64_t>{1, 4}}})),
            (Phases{"0: ---", "1: --x", "4: -xx"}));
}

TEST(GradualUnfreezing, LowersTheRateDownwardsByAFactor) {
  const TransferPlan plan = plan_of("gradual_unfreezing", {{"decay", 2.0}});
  for (std::size_t l = 0; l < 3; ++l) EXPECT_DOUBLE_EQ(plan.phases.back().layers[l].rate, kHalving[l]);
}

TEST(GradualUnfreezing, RefusesEpochsThatCannotBe) {
  const auto refusal = [](std::vector<std::int64_t> epochs) {
    return error_of([&] {
             plan_of("gradual_unfreezing", {{"by", std::string("epochs")}, {"epochs", epochs}});
           })
        .message();
  };
  EXPECT_EQ(refusal({2, 2}), "epochs do not ascend");
  EXPECT_EQ(refusal({2, 5}), "epochs has 5, and the training ends after 5");
  EXPECT_EQ(refusal({1, 2, 3, 4}), "epochs are 4, and all layers learn after 3");
}

TEST(LinearProbeThenFinetune, LetsTheHeadLearnFirstAndThenEverythingAtItsRate) {
  TransferPlan expected = alike(Weights::Source, kFrozen);
  const LayerPlan slow = {.rate = 0.01};
  expected.phases.push_back({3, {slow, slow, slow}, slow});
  EXPECT_EQ(plan_of("linear_probe_then_finetune", {{"probe_epochs", std::int64_t{3}}, {"finetune_rate", 0.01}}),
            expected);
  EXPECT_EQ(error_of([] {
              plan_of("linear_probe_then_finetune", {{"probe_epochs", std::int64_t{5}}});
            }).message(),
            "probe_epochs is 5 and leaves none of the 5 epochs to fine-tune in");
}

TEST(L2Sp, TakesThePlaceOfWeightDecay) {
  TransferPlan expected = alike(Weights::Source, {.weight_decay = 0.0});
  expected.phases[0].head.weight_decay = 0.05;
  EXPECT_EQ(plan_of("l2_sp", {{"beta", 0.05}}), expected);
}

TEST(Others, AreOneWayForAllLayers) {
  EXPECT_EQ(plan_of("bss"), alike(Weights::Source, {}));
  EXPECT_EQ(plan_of("norm_only"), alike(Weights::Source, {.trainable = Trainable::Norm}));
  EXPECT_EQ(plan_of("bias_only"), alike(Weights::Source, {.trainable = Trainable::Bias}));
  EXPECT_EQ(plan_of("mean_var_init"), alike(Weights::Statistics, {}));
  EXPECT_EQ(plan_of("weight_transfusion", {{"layers", std::int64_t{2}}}), cut_at(2, Weights::Source, {}));
  EXPECT_EQ(error_of([] {
              plan_of("weight_transfusion", {{"layers", std::int64_t{4}}});
            }).message(),
            "layers is 4, and the last of the backbone's is fc3, number 3");
  TransferPlan mixing = alike(Weights::Source, {.rate = 0.5});
  mixing.source_share = 0.4;
  EXPECT_EQ(plan_of("source_mixing", {{"share", 0.4}, {"backbone_rate", 0.5}}), mixing);
}

TEST(BuiltIn, EveryPluginLoadsAndDocumentsItsParameters) {
  EXPECT_TRUE(plugins().problems().empty());
  std::vector<std::string> names;
  for (const PluginInfo& plugin : plugins().describe().plugins) {
    names.push_back(plugin.name);
    EXPECT_FALSE(plugin.version.empty()) << plugin.name;
    EXPECT_FALSE(plugin.doc.empty()) << plugin.name;
    for (const Parameter& parameter : plugin.schema.parameters()) {
      EXPECT_FALSE(parameter.doc.empty()) << plugin.name << " " << parameter.name;
      EXPECT_EQ(parameter.doc.find('\n'), std::string::npos);
    }
  }
  for (const char* name : {"mlp", "lenet5", "cnn7", "idx", "cifar", "shapes", "feature_extraction", "full_finetuning",
                           "from_scratch", "partial_finetuning"})
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
}

}  // namespace
}  // namespace cambium::test
