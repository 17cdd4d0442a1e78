#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cambium/files.h"
#include "plan_fixture.h"
#include "weights/card.h"
#include "weights/write.h"

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// Studies that start from a file.
class WeightsInit : public PlanTest {
 protected:
  void write(const std::string& name, std::uint8_t value, const std::string& card = {}) {
    const std::vector<std::uint8_t> bytes = {value};
    const std::map<std::string, std::string> metadata = {{"cambium", card}};
    write_safetensors(folder_.path() / name, {{"conv1.weight", ElementType::U8, {1}, bytes}},
                      card.empty() ? std::map<std::string, std::string>() : metadata);
  }
  std::optional<Plan> with(const std::string& name, const std::string& strategy = "copy",
                           const std::vector<std::string>& sets = {}, const std::string& choice = {}) {
    return compile(
        "[study]\n[stage.transfer]\nbackbone = \"net\"\ndata = { plugin = \"toy\", root = \"a\" }\n"
        "init = { file = \"" +
            name + "\"" + choice + " }\nstrategy = \"" + strategy + "\"\n",
        sets);
  }
  /// Two networks in a dictionary each, under prefixes.
  void write_two(const std::string& name) {
    const std::vector<std::uint8_t> bytes = {1};
    write_safetensors(folder_.path() / name,
                      {{"module.encoder_q.conv1.weight", ElementType::U8, {1}, bytes},
                       {"module.encoder_k.conv1.weight", ElementType::U8, {1}, bytes}},
                      {});
  }
  /// What is told where the strategy takes nothing over.
  std::vector<std::string> told_from_scratch(const std::string& name) {
    with(name, "scratch");
    return told();
  }
};

TEST_F(WeightsInit, CountsByItsBytes) {
  write("one.pth", 1);  // safetensors in truth: names say nothing
  write("two.safetensors", 1);
  write("three.safetensors", 2);
  const auto of = [&](const std::string& name) { return with(name)->cells.front().identity; };
  EXPECT_EQ(of("one.pth"), of("two.safetensors"));
  EXPECT_NE(of("one.pth"), of("three.safetensors"));
  EXPECT_EQ(with("one.pth")->cells.front().source_sha256, sha256_file(folder_.path() / "one.pth"));
}

TEST_F(WeightsInit, ThatIsNoWeightsFileIsToldWithItsPlace) {
  folder_.write("page.pth", "<!DOCTYPE html>");
  EXPECT_FALSE(with("page.pth"));
  EXPECT_THAT(told(), ElementsAre(AllOf(HasSubstr("5:8: "), HasSubstr("page.pth is a web page"))));
  EXPECT_FALSE(with("absent.pth"));
  EXPECT_THAT(told(), ElementsAre(AllOf(HasSubstr("5:8: "), HasSubstr("absent.pth"))));
  EXPECT_THAT(hint(), HasSubstr("data root"));
  EXPECT_THAT(told_from_scratch("absent.pth"), Not(Contains(HasSubstr("absent.pth")))) << "nothing is taken from it";
}

TEST_F(WeightsInit, ThatIsCutShortIsTold) {
  write("whole", 1);
  const auto bytes = read_bytes(folder_.path() / "whole");
  folder_.write("cut", std::string(bytes.begin(), bytes.end() - 1));
  EXPECT_FALSE(with("cut"));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("puts tensor conv1.weight past its own end")));
}

TEST_F(WeightsInit, ThatFitsNotIsToldTensorByTensor) {
  write("x", 1);
  resolver_.weights_fit.faults = {"conv2.weight is missing", "fc3.weight is [1], and [2] is wanted"};
  EXPECT_FALSE(with("x"));
  EXPECT_THAT(told(),
              ElementsAre(AllOf(HasSubstr("5:8: "), HasSubstr("does not fit backbone net: conv2.weight is missing; "
                                                              "fc3.weight is [1], and [2] is wanted"))));
  EXPECT_THAT(told_from_scratch("x"), Not(Contains(HasSubstr("x")))) << "nothing is taken from it";
}

TEST_F(WeightsInit, IsAskedAboutOnceForAllSeeds) {
  write("x", 1);
  EXPECT_EQ(with("x", "copy", {"study.seeds=[0, 1, 2]"})->cells.size(), 3u);
  EXPECT_EQ(resolver_.asked_weights, 1);
}

TEST_F(WeightsInit, ChoosesByPrefixAndKey) {
  write_two("x");
  const auto plan = with("x", "copy", {}, ", prefix = \"encoder_k.\"");
  ASSERT_TRUE(plan);
  EXPECT_EQ(resolver_.asked_file.prefix, "encoder_k.");
  EXPECT_EQ(plan->cells.front().source_prefix, "encoder_k.");
  EXPECT_THAT(config_json(*plan, plan->cells.front()), HasSubstr(R"("prefix":"encoder_k.")"));

  EXPECT_FALSE(with("x", "copy", {}, ", prefix = \"module.encodr_k.\""));
  EXPECT_THAT(told(), ElementsAre(AllOf(HasSubstr("5:31: "), HasSubstr("begins with \"module.encodr_k.\""))));
  EXPECT_THAT(hint(), HasSubstr("did you mean \"module.encoder_k.\"?"));
  EXPECT_FALSE(with("x", "copy", {}, ", prefix = \"layers.\""));
  EXPECT_THAT(hint(), HasSubstr("its names begin with module., module.encoder_k., module.encoder_q."));

  EXPECT_FALSE(with("x", "copy", {}, ", key = \"state_dict\""));
  EXPECT_THAT(told(), ElementsAre(AllOf(HasSubstr("5:28: "), HasSubstr("no dictionary of tensors at \"state_dict\""))));
  EXPECT_THAT(hint(), HasSubstr("leave key out"));
  EXPECT_FALSE(with("x", "copy", {}, ", key = \"encoder_q\""));
  EXPECT_THAT(hint(), HasSubstr("write prefix = \"encoder_q\""));

  EXPECT_FALSE(with("x", "copy", {}, ", prefix = 3"));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("prefix of an init is a text, and goes with a file")));
  EXPECT_FALSE(with("x", "copy", {}, ", prefx = \"a\""));
  EXPECT_THAT(hint(), HasSubstr("did you mean prefix?"));
}

TEST_F(WeightsInit, CountsByTheTensorsThatAreTaken) {
  write_two("x");
  const auto of = [&](const std::string& choice, const std::string& variant) {
    resolver_.weights_fit.variant = variant;
    return with("x", "copy", {}, choice)->cells.front().identity;
  };
  const std::string plain = of("", "");
  EXPECT_EQ(of(", prefix = \"encoder_q.\"", ""), plain) << "what is taken without it too";
  EXPECT_NE(of(", prefix = \"encoder_k.\"", "another"), plain);
}

TEST_F(WeightsInit, TellsWhatWasChosenAndMade) {
  write("x", 1);
  resolver_.weights_fit.notes = {"the copy is left"};
  resolver_.weights_fit.adapted = {"positions are interpolated"};
  EXPECT_TRUE(with("x"));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("the copy is left"), HasSubstr("positions are interpolated")));
}

TEST_F(WeightsInit, OneShardOfSeveralIsTold) {
  write("model-00002-of-00003.safetensors", 1);
  resolver_.weights_fit.faults = {"conv2.weight is missing"};
  EXPECT_FALSE(with("model-00002-of-00003.safetensors"));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("is one shard of several, 2 of 3, and does not fit")));
  EXPECT_THAT(hint(), HasSubstr("the index of all shards"));
}

TEST_F(WeightsInit, MayBeAFolder) {
  std::filesystem::create_directory(folder_.path() / "hub");
  EXPECT_FALSE(with("hub"));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("hub is a folder without model.safetensors")));
  write("hub/model.safetensors", 1);
  write("one", 1);
  EXPECT_EQ(with("hub")->cells.front().identity, with("one")->cells.front().identity);
  EXPECT_THAT(with("hub")->cells.front().source_file, ::testing::EndsWith("hub/model.safetensors"));
}

TEST_F(WeightsInit, CardBindsTheNormalisation) {
  write("x.pth", 1);
  folder_.write("x.pth.card.json", R"({"preprocessing": {"mean": [0.1307], "std": [0.3081]}})");
  EXPECT_FALSE(with("x.pth"));  // the default is 0.5 and 0.25
  EXPECT_THAT(told(), ElementsAre(AllOf(HasSubstr("4:8: "), HasSubstr("with mean [0.5] and std [0.25]"),
                                        HasSubstr("[0.1307] and [0.3081]"), HasSubstr("x.pth.card.json"))));
  EXPECT_THAT(hint(), HasSubstr("set mean = [0.1307] and std = [0.3081]"));
  EXPECT_TRUE(with("x.pth", "copy", {"stage.transfer.data.mean=[0.1307]", "stage.transfer.data.std=[0.3081]"}));
  EXPECT_THAT(told_from_scratch("x.pth"), Not(Contains(HasSubstr("x.pth")))) << "nothing is taken from it";
}

TEST_F(WeightsInit, CardInTheFileBindsToo) {
  write("own", 1, R"({"mean": [0.5], "std": [0.25], "input": [1, 8, 8]})");
  EXPECT_TRUE(with("own"));
  EXPECT_THAT(told(), IsEmpty());
  write("other", 1, R"({"mean": [0.4], "std": [0.25]})");
  EXPECT_FALSE(with("other"));
  write("larger", 1, R"({"mean": [0.5], "std": [0.25], "input": [1, 28, 28]})");
  EXPECT_TRUE(with("larger"));
  EXPECT_THAT(told(),
              ElementsAre(HasSubstr("images of [1, 8, 8], and the weights that it starts from had [1, 28, 28]")));
}

TEST_F(WeightsInit, CardThatIsNoneIsTold) {
  write("x", 1);
  folder_.write("x.card.json", "{");
  EXPECT_FALSE(with("x"));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("x.card.json: the card cannot be read")));
  folder_.write("x.card.json", R"({"preprocessing": {"mean": [1, 2], "std": [1]}})");
  EXPECT_FALSE(with("x"));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("no mean and std that go together")));
  folder_.write("x.card.json", R"({"sha256": "00112233445566778899"})");
  EXPECT_FALSE(with("x"));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("the card belongs to another file")));
}

TEST_F(WeightsInit, CardReadsBackAsWritten) {
  WeightsCard card;
  card.architecture = "net";
  card.parameters = R"({"width":4})";
  card.classes = {"cat", "dog"};
  card.mean = {0.485};
  card.std = {0.229};
  card.input = {1, 8, 8};
  card.resize = 10;
  card.dataset = "toy";
  card.study = {{"study", "s"}, {"cell", "abc"}};
  card.accuracy = {{"test_accuracy", 0.75}};
  card.sha256 = "12";
  write_card(folder_.path() / "x", card);
  const auto back = read_card(folder_.path() / "x", {}, "12");
  ASSERT_TRUE(back);
  EXPECT_EQ(to_card_json(*back).dump(), to_card_json(card).dump());
}

}  // namespace
}  // namespace cambium::test
