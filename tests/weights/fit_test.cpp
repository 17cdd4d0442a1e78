#include "weights/fit.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::UnorderedElementsAre;

/// Tensors of one dictionary, none of them a view of another's bytes.
void put(GivenTensors& given, const std::string& place, const std::vector<std::string>& names,
         const TensorExtents& shape = {2}) {
  if (given.tensors.empty()) given.places = {place};
  auto at = std::find(given.places.begin(), given.places.end(), place);
  if (at == given.places.end()) at = given.places.insert(at, place);
  for (const std::string& name : names)
    given.tensors.push_back(
        {name, shape, std::size_t(at - given.places.begin()), {0, 8 * given.tensors.size()}, {}, false});
}

std::vector<std::string> below(const std::string& prefix, std::vector<std::string> names) {
  for (std::string& name : names) name = prefix + name;
  return names;
}

const std::vector<std::string> kBody = {"conv1.weight", "bn1.weight", "layer1.0.conv1.weight"};

/// A network of kBody, and a head that is not needed.
WantedNetwork network() {
  WantedNetwork wanted;
  for (const std::string& name : kBody) wanted.tensors.push_back({name, {2}, true});
  wanted.tensors.push_back({"fc.weight", {5, 2}, false});
  wanted.left_alone = [](const std::string& name) { return name.rfind("layer", 0) != 0; };
  return wanted;
}

/// What is taken for the body, in its order; or the faults.
std::vector<std::string> taken(const GivenTensors& given, const WeightsChoice& choice = {}) {
  const Fit fit = fit_tensors(network(), given, choice);
  if (!fit.faults.empty()) return fit.faults;
  std::vector<std::string> names;
  for (const std::string& name : kBody) {
    const GivenTensor& tensor = given.tensors[fit.from.at(name)];
    const std::string& place = given.places[tensor.place];
    names.push_back(place + (place.empty() ? "" : ": ") + tensor.name);
  }
  return names;
}

GivenTensors one(const std::vector<std::string>& names) {
  GivenTensors given;
  put(given, "", names);
  return given;
}

TEST(Fit, TakesWhatAgreesInNameAndShape) {
  GivenTensors given = one(kBody);
  put(given, "", {"fc.weight"}, {1000, 2});
  const Fit good = fit_tensors(network(), given);
  EXPECT_THAT(good.faults, IsEmpty());
  EXPECT_THAT(good.from, UnorderedElementsAre(Key("bn1.weight"), Key("conv1.weight"), Key("layer1.0.conv1.weight")))
      << "the head has another number of classes";
}

TEST(Fit, NamesWhatIsMissingAndWhatIsMeantPerhaps) {
  EXPECT_THAT(taken(one({"backbone.layer1.0.conv1.weight", "bn_1.weight", "conv1.weight"})),
              ElementsAre("bn1.weight is missing; the file has bn_1.weight",
                          "layer1.0.conv1.weight is missing; the file has backbone.layer1.0.conv1.weight"));
  EXPECT_THAT(taken(one({"x.weight"})).size(), 3u);
}

TEST(Fit, NamesBothShapes) {
  GivenTensors given = one({"conv1.weight", "bn1.weight"});
  put(given, "", {"layer1.0.conv1.weight"}, {3, 2});
  EXPECT_THAT(taken(given), ElementsAre("layer1.0.conv1.weight is [3, 2], and [2] is wanted"));
}

TEST(Fit, NamesATypeThatIsNotReadOnlyWhereItIsNeeded) {
  GivenTensors given = one(kBody);
  put(given, "", {"fc.weight"}, {5, 2});
  given.tensors.back().unread = "F8_E4M3";
  EXPECT_THAT(taken(given), ElementsAre("conv1.weight", "bn1.weight", "layer1.0.conv1.weight"));
  given.tensors.front().unread = "F8_E4M3";
  EXPECT_THAT(taken(given), ElementsAre("conv1.weight is kept as F8_E4M3, a type of number that is not read"));
}

TEST(Fit, TakesOffWhatStandsBeforeTheNames) {
  for (const char* prefix : {"module.", "_orig_mod.", "module._orig_mod.", "model.", "model._orig_mod.", "model.net.",
                             "module.encoder_q.", "module.module."})
    EXPECT_EQ(taken(one(below(prefix, kBody))), below(prefix, kBody));
}

TEST(Fit, TakesOffWhatWrappersPutBetween) {
  EXPECT_EQ(taken(one({"_fsdp_wrapped_module.conv1.weight", "_fsdp_wrapped_module.bn1.weight",
                       "_fsdp_wrapped_module.layer1._fsdp_wrapped_module.0._checkpoint_wrapped_module.conv1.weight"}))
                .size(),
            3u);
  EXPECT_THAT(taken(one({"conv1.weight", "bn1.weight", "layer1.module.0.conv1.weight"})).back(),
              "layer1.module.0.conv1.weight");
}

TEST(Fit, TakesTheNetworkFromAmongOtherTensors) {
  GivenTensors given = one(below("model.", kBody));
  put(given, "", {"criterion.weight", "val_acc.tp", "n_averaged", "predictor.conv1.weight"});
  EXPECT_EQ(taken(given), below("model.", kBody));
}

TEST(Fit, RefusesWhatTheNetworkDoesNotKnowBelowThePrefixAlone) {
  GivenTensors given = one(below("model.", kBody));
  put(given, "", {"layer9.weight"});
  EXPECT_EQ(taken(given), below("model.", kBody));
  put(given, "", {"model.layer2.weight"});
  EXPECT_THAT(taken(given), ElementsAre("layer2.weight is unknown to this network"));
  given.tensors.back().buffer = true;
  EXPECT_EQ(taken(given), below("model.", kBody)) << "a buffer that no state_dict would have";
}

TEST(Fit, LeavesAnAveragedCopyAndSaysSo) {
  for (const auto& [network, copy] : std::vector<std::pair<std::string, std::string>>{
           {"module.encoder_q.", "module.encoder_k."}, {"model.", "ema_model."}, {"backbone.", "backbone_momentum."}}) {
    GivenTensors given = one(below(copy, kBody));
    put(given, "", below(network, kBody));
    const Fit fit = fit_tensors(::cambium::test::network(), given);
    EXPECT_THAT(fit.notes, ElementsAre(AllOf(HasSubstr("at prefix = \"" + network + "\" is taken"), HasSubstr(copy))));
    EXPECT_EQ(taken(given), below(network, kBody));
    EXPECT_EQ(taken(given, {{}, copy}), below(copy, kBody));
  }
}

TEST(Fit, LeavesAnAveragedDictionaryAndSaysSo) {
  GivenTensors given;
  put(given, "state_dict", kBody);
  put(given, "state_dict_ema", below("module.", kBody));
  EXPECT_EQ(taken(given), below("state_dict: ", kBody));
  EXPECT_THAT(fit_tensors(network(), given).notes, ElementsAre(HasSubstr("copy at key = \"state_dict_ema\"")));
  const Fit chosen = fit_tensors(network(), given, {"state_dict_ema", {}});
  EXPECT_EQ(taken(given, {"state_dict_ema", {}}), below("state_dict_ema: module.", kBody));
  EXPECT_THAT(chosen.notes, IsEmpty());
  EXPECT_EQ(chosen.prefix, "module.");
}

TEST(Fit, NamesSeveralNetworksThatFitAndHowToChoose) {
  GivenTensors given;
  put(given, "student", below("module.backbone.", kBody));
  put(given, "teacher", below("backbone.", kBody));
  const Fit fit = fit_tensors(network(), given);
  EXPECT_THAT(fit.faults, ElementsAre("2 networks in the file fit, at key = \"student\" and key = \"teacher\""));
  EXPECT_THAT(fit.hint, HasSubstr("init = { file = \"...\", key = \"student\" }"));
  EXPECT_EQ(taken(given, {"teacher", {}}), below("teacher: backbone.", kBody));

  GivenTensors twins = one(below("net1.", kBody));
  put(twins, "", below("net2.", kBody));
  EXPECT_THAT(taken(twins), ElementsAre("2 networks in the file fit, at prefix = \"net1.\" and prefix = \"net2.\""));
  EXPECT_EQ(taken(twins, {{}, "net2."}), below("net2.", kBody));
  EXPECT_EQ(taken(twins, {{}, "net2"}), below("net2.", kBody));
}

TEST(Fit, TwoNamesOfTheSameBytesAreOneNetwork) {
  GivenTensors given;
  put(given, "model", kBody);
  put(given, "state_dict", kBody);
  for (std::size_t i = 0; i < 3; ++i) given.tensors[3 + i].bytes = given.tensors[i].bytes;
  EXPECT_EQ(taken(given), below("model: ", kBody));
}

TEST(Fit, AChosenPrefixMayLeaveWrappersOut) {
  GivenTensors given = one(below("module.encoder_q.", kBody));
  put(given, "", below("module.encoder_k.", kBody));
  for (const char* prefix : {"encoder_k.", "module.encoder_k.", "encoder_k"})
    EXPECT_EQ(taken(given, {{}, prefix}), below("module.encoder_k.", kBody)) << prefix;
  EXPECT_EQ(taken(given, {{}, ""}).size(), 3u);
  EXPECT_THAT(taken(given, {{}, ""}).front(), HasSubstr("conv1.weight is missing"));
}

TEST(Fit, AdaptsWhatTheNetworkCan) {
  WantedNetwork wanted = network();
  wanted.adapts = [](const std::string& name, const TensorExtents& shape) {
    return name == "conv1.weight" && shape == TensorExtents{7};
  };
  GivenTensors given = one({"bn1.weight", "layer1.0.conv1.weight"});
  put(given, "", {"conv1.weight"}, {7});
  EXPECT_THAT(fit_tensors(wanted, given).faults, IsEmpty());
  EXPECT_THAT(fit_tensors(wanted, given).adapted, ElementsAre("conv1.weight"));
}

TEST(Fit, TellsWhoseNamesTheyAre) {
  EXPECT_THAT(fit_tensors(network(), one({"resnet.embedder.embedder.convolution.weight"})).hint,
              HasSubstr("Hugging Face's transformers"));
  EXPECT_THAT(fit_tensors(network(), one({"_fsdp_wrapped_module._flat_param"})).hint, HasSubstr("FULL_STATE_DICT"));
}

TEST(Fit, TellsTheFirstOfManyFaults) {
  WantedNetwork wanted;
  for (int i = 0; i < 40; ++i) wanted.tensors.push_back({"layer" + std::to_string(i), {1}, true});
  const Fit bad = fit_tensors(wanted, one({}));
  EXPECT_EQ(bad.faults.size(), 40u);
  EXPECT_THAT(fault_text(bad.faults), HasSubstr("layer7 is missing; and 32 more"));
  EXPECT_EQ(fault_text(bad.faults).find("layer8"), std::string::npos);
}

}  // namespace
}  // namespace cambium::test
