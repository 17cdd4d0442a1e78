#include "engine/tiny.h"
#include "networks/exported_residual.h"
#include "networks/oracle.h"

/// Exported networks trained as any other: killed and resumed, frozen with taps, in bf16.
namespace cambium::test {
namespace {

class ExportedTraining : public ::testing::Test {
 protected:
  ExportedTraining() { residual(0.5, 1).write(path()); }
  std::string path() const { return (folder_.path() / "net.pt2").string(); }

  void prepare(Bench& bench) const {
    bench.body = std::make_shared<Body>(
        Body{Model(test::make("exported", kShape, {{"path", path()}, {"units", std::string("block")}}), bench.classes(),
                   precision_of(bench.job.train_settings))});
  }
  TemporaryFolder folder_;
};

TEST_F(ExportedTraining, KilledAndResumedEndsWithTheSameBits) {
  Bench whole({{"momentum", 0.9}}), broken({{"momentum", 0.9}}), resumed({{"momentum", 0.9}});
  prepare(whole);
  whole.run();
  prepare(broken);
  broken.strategy->on_epoch = [](std::int64_t epoch, const Metrics&) {
    if (epoch == 3) throw std::runtime_error("pulled the plug");
  };
  EXPECT_THROW(broken.run(), std::runtime_error);
  prepare(resumed);
  resumed.job.checkpoint = broken.job.checkpoint;
  resumed.run();
  EXPECT_EQ(resumed.events().front().at("resumed_epoch"), 2);
  EXPECT_EQ(resumed.metrics(), whole.metrics());
}

TEST_F(ExportedTraining, LearnsWhatItIsShown) {
  for (const char* precision : {"fp32", "bf16"}) {
    Bench bench({{"epochs", std::int64_t(8)}, {"precision", std::string(precision)}});
    prepare(bench);
    bench.run();
    EXPECT_GT(bench.metrics().back().at("test_accuracy").get<double>(), 0.6) << precision;
  }
}

TEST_F(ExportedTraining, AFrozenBottomStays) {
  TransferPlan plan = scratch();
  plan.phases.front().layers[0] = plan.phases.front().layers[1] = frozen();
  Bench bench({}, {}, plan);
  prepare(bench);
  bench.run();
  const TensorMap state = bench.body->model.state();
  const auto batches = [&](const std::string& norm) {
    return state.at(norm + ".num_batches_tracked").item<std::int64_t>();
  };
  // Frozen layers that start anew have their statistics from a first look at the images, and none from training.
  EXPECT_EQ(batches("bn"), batches("layer.0.bn"));
  EXPECT_GT(batches("layer.1.bn"), batches("layer.0.bn"));
  EXPECT_FALSE(state.at("layer.0.conv.weight").grad().defined());
}

}  // namespace
}  // namespace cambium::test
