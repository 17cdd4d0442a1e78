#include "plan/class_names.h"

#include <gmock/gmock.h>

#include "plan_fixture.h"
#include "weights/write.h"

namespace cambium::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Names = std::vector<std::string>;

TEST(ClassNames, InTheHeadsOrderNeedNoMatching) {
  const ClassMatch match = match_classes({"cat", "dog"}, {"cat", "dog"});
  EXPECT_THAT(match.rows, IsEmpty());
  EXPECT_EQ(match.fault, "");
  // Names that come twice, as ImageNet's "crane", are no matter then.
  EXPECT_EQ(match_classes({"crane", "cat", "crane"}, {"crane", "cat", "crane"}).fault, "");
}

TEST(ClassNames, InAnotherOrderAndInPartAreMatched) {
  EXPECT_THAT(match_classes({"cat", "dog", "cow"}, {"cow", "cat", "dog"}).rows, ElementsAre(2, 0, 1));
  EXPECT_THAT(match_classes({"cat", "dog", "cow"}, {"cow", "dog"}).rows, ElementsAre(2, 1));
}

TEST(ClassNames, ThatTheHeadDoesNotKnowAreRefusedWithBothLists) {
  const ClassMatch match = match_classes({"cat", "dog"}, {"cat", "cow"});
  EXPECT_EQ(match.fault,
            "\"cow\" is none of the head's classes: it tells apart \"cat\", \"dog\"; the data has \"cat\", \"cow\"");
  EXPECT_THAT(match_classes({"crane", "crane", "cat"}, {"cat", "crane"}).fault, HasSubstr("more than one"));
}

TEST(ClassNames, ThatAreDigitsOnBothSidesAreNames) {
  EXPECT_THAT(match_classes({"0", "1", "2"}, {"1", "2"}).rows, ElementsAre(1, 2));
  EXPECT_THAT(match_classes({"0", "1", "2"}, {"2", "1", "0"}).rows, ElementsAre(2, 1, 0));
  EXPECT_THAT(match_classes({"0", "1"}, {"1", "2"}).fault, HasSubstr("\"2\" is none"));
}

TEST(ClassNames, ThatAreDigitsOnOneSideAreNone) {
  const ClassMatch match = match_classes({"cat", "dog"}, {"0", "1"});
  EXPECT_TRUE(match.by_number);
  EXPECT_THAT(match.rows, IsEmpty());
  EXPECT_EQ(match.fault, "");
  EXPECT_THAT(match_classes({"cat", "dog"}, {"0", "1", "2"}).fault, HasSubstr("tells 2 classes apart"));
}

class HeadByNames : public PlanTest {
 protected:
  Plan kept(const std::string& root) {
    return good(kTransfer + "strategy = \"keep\"\n", {"stage.transfer.data.root=" + root, "study.seeds=[0]"});
  }
};

TEST_F(HeadByNames, IsPartOfACellOnlyWhereItMovesSomething) {
  const Plan same = kept("b"), turned = kept("turned");
  EXPECT_THAT(same.cells[1].head_rows, IsEmpty());
  EXPECT_THAT(turned.cells[1].head_rows, ElementsAre(1, 0));
  const Plan fresh = good(kTransfer + "strategy = \"copy\"\n", {"stage.transfer.data.root=turned"});
  EXPECT_THAT(fresh.cells.back().head_rows, IsEmpty()) << "a new head has the data's own classes";
  resolver_.fingerprints["b"] = resolver_.fingerprints["turned"] = "one";  // as an old result of that data
  EXPECT_NE(kept("b").cells[1].identity, kept("turned").cells[1].identity);
}

TEST_F(HeadByNames, GoesByTheCardOfAFileAndByNumberWithoutOne) {
  const std::vector<std::uint8_t> bytes = {1};
  const auto with_card = [&](const std::string& card) {
    write_safetensors(folder_.path() / "w", {{"conv1.weight", ElementType::U8, {1}, bytes}}, {{"cambium", card}});
    return compile(
        "[study]\n[stage.test]\nbackbone = \"net\"\ndata = { plugin = \"toy\", root = \"a\" }\n"
        "init = { file = \"w\" }\nstrategy = \"keep\"\ntrain = { epochs = 1 }\n");
  };
  EXPECT_THAT(with_card(R"({"classes": ["cow", "dog", "cat"]})")->cells[0].head_rows, ElementsAre(2, 1));
  EXPECT_EQ(resolver_.asked_weights_of.back().network.classes, 3) << "the file's head is whole";
  EXPECT_THAT(with_card("{}")->cells[0].head_rows, IsEmpty());
  EXPECT_EQ(resolver_.asked_weights_of.back().network.classes, 2);
  EXPECT_FALSE(with_card(R"({"classes": ["cow", "dog"]})"));
  EXPECT_THAT(told(), ElementsAre(HasSubstr("4:8: stage test keeps its source's head, and \"cat\" is none")));
}

}  // namespace
}  // namespace cambium::test
