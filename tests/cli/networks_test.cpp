#include <gmock/gmock.h>

#include "program.h"

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// What `check` says of networks, before anything is trained.
class Networks : public CliTest {
 protected:
  Ended check(const std::string& backbone, const std::string& train = "epochs = 1, batch = 8") {
    write("study.toml", "[stage.one]\nbackbone = " + backbone +
                            "\ndata = { plugin = \"shapes\", train_per_class = 2, test_per_class = 1 }\n"
                            "strategy = \"from_scratch\"\ntrain = { " +
                            train + " }\n");
    return run({"check", "study.toml"});
  }
};

TEST_F(Networks, ThatDoNotFitTheirHeadAreToldWithBothShapes) {
  const Ended head = check("\"misfit\"");
  EXPECT_NE(head.status, 0);
  EXPECT_THAT(head.err,
              AllOf(HasSubstr("backbone misfit: its last layer, conv, gives [4, 32, 32] for an image, and its "
                              "head, head.weight of [8, 4], does not take that"),
                    HasSubstr("study.toml:2:"), Not(HasSubstr("mat1"))));
  EXPECT_THAT(check("{ plugin = \"misfit\", where = \"width\" }").err,
              HasSubstr("its last layer, pool, gives [4] for an image, and it states a feature width of 6"));
  EXPECT_THAT(check("{ plugin = \"misfit\", where = \"layer\" }").err,
              HasSubstr("its layer dense does not take [4, 32, 32], which conv gives"));
}

TEST_F(Networks, ThatNormaliseVectorsRefuseStepsOfOneImage) {
  const std::string normed = "{ plugin = \"mlp\", hidden = [8], batch_norm = true }";
  const Ended one = check(normed, "epochs = 1, batch = 1");
  EXPECT_NE(one.status, 0);
  EXPECT_THAT(one.err, AllOf(HasSubstr("stage one learns from one image at a time"), HasSubstr("study.toml:5:"),
                             HasSubstr("set train.batch to 2 or more")));
  EXPECT_EQ(check(normed, "epochs = 1, batch = 2").status, 0);
  EXPECT_EQ(check("{ plugin = \"mlp\", hidden = [8] }", "epochs = 1, batch = 1").status, 0);
  EXPECT_EQ(check("{ plugin = \"resnet20\" }", "epochs = 1, batch = 1").status, 0) << "maps have many places";
}

}  // namespace
}  // namespace cambium::test
