#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <filesystem>
#include <numeric>
#include <thread>

#include "engine/taps/frozen_prefix.h"
#include "engine/tiny.h"
#include "weights/torch/tensor_file.h"

/// What frozen layers give is computed once, and is the same whoever computes it.
namespace cambium::test {
namespace {

namespace fs = std::filesystem;

/// Counts the images that go through a layer.
class Counted : public Module {
 public:
  Counted(std::atomic<std::int64_t>& count, std::int64_t in, std::int64_t out)
      : count_(count), linear_(child<nn::Linear>("", in, out)) {}
  at::Tensor forward(const at::Tensor& x) override {
    count_ += x.flatten(1).ne(0).any(1).sum().item<std::int64_t>();  // rows that nobody asked for are zeros
    return linear_.forward(x.flatten(1)).relu().add(0.1);
  }

 private:
  std::atomic<std::int64_t>& count_;
  Module& linear_;
};

class CountedBackbone : public Backbone {
 public:
  CountedBackbone() {
    add_layer<Counted>("fc1", first, 64, 40);
    add_layer<Counted>("fc2", second, 40, 9);
    set_feature_width(9);
  }
  std::atomic<std::int64_t> first = 0, second = 0;
};

class Taps : public ::testing::Test {
 protected:
  struct Network {
    explicit Network(std::uint64_t seed = 1) : model(std::make_unique<CountedBackbone>(), 3) {
      model.initialise({{Weights::Fresh, Weights::Fresh}, {{0, {frozen(), frozen()}, {}}}, 0}, nullptr, seed);
      model.eval();
    }
    const CountedBackbone& counts() const { return static_cast<const CountedBackbone&>(model.backbone()); }
    Model model;
    TapFiles files;
  };

  Taps() : data_(dataset_, settings(data_schema(), {})) {
    how_.mean = {0.4};
    how_.std = {0.3};
  }
  Images images(std::vector<std::int64_t> indices) const { return Images(data_, Split::Train, indices, how_); }
  Images all() const {
    std::vector<std::int64_t> indices(60);
    std::iota(indices.begin(), indices.end(), 0);
    return images(indices);
  }
  TapsPlace place(Network& network, std::vector<std::int64_t> cuts) const {
    return {&network.files, {folder_.path().string(), std::move(cuts), most_}, "one thread"};
  }
  static at::Tensor rows(const Images& images) {
    std::vector<std::int64_t> positions(images.size());
    std::iota(positions.begin(), positions.end(), 0);
    return images.inputs(positions);
  }
  at::Tensor fed(Network& network, Images images, std::vector<std::int64_t> cuts = {}, std::size_t layers = 2) {
    FrozenPrefix prefix(network.model, layers, place(network, std::move(cuts)));
    note_ = prefix.feed(images, true);
    EXPECT_EQ(images.from(), layers);
    return rows(images);
  }
  /// No file may grow beyond `bytes`, as on a disk that is full; the limit there was.
  static rlimit limit_files(std::uintmax_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit less{bytes, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &less);
    return before;
  }
  std::vector<fs::path> kept() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder_.path())) files.push_back(entry.path());
    return files;
  }

  TemporaryFolder folder_;
  TinyDataset dataset_;
  SealedDataset data_;
  Preprocessing how_;
  std::int64_t most_ = 1 << 20;
  std::string note_;
};

TEST_F(Taps, AreWhatTheLayersGive) {
  const at::NoGradGuard no_grad;
  Network network;
  const at::Tensor want = network.model.features(rows(all()), 2);
  EXPECT_TRUE(at::allclose(fed(network, all()), want, 1e-6, 1e-6));
  EXPECT_TRUE(at::allclose(fed(network, all(), {2}), want, 1e-6, 1e-6));
}

TEST_F(Taps, HaveTheSameBitsWhateverTheyAreComputedWith) {
  Network network;
  const at::Tensor whole = fed(network, all());
  for (const std::vector<std::int64_t>& some : {std::vector<std::int64_t>{17}, {59, 3, 17}, {40, 41, 42, 1}}) {
    const at::Tensor part = fed(network, images(some));
    for (std::size_t i = 0; i < some.size(); ++i)
      EXPECT_TRUE(at::equal(part[std::int64_t(i)], whole[some[i]])) << some[i];
  }
  EXPECT_TRUE(at::equal(fed(network, all(), {1, 2}), whole)) << "nor where they are taken on the way";
  Network other;
  EXPECT_TRUE(at::equal(fed(other, all(), {2}), whole)) << "nor where they are read";
}

TEST_F(Taps, AreComputedOnceForAllThatAsk) {
  Network first, second, third(2);
  const at::Tensor taps = fed(first, all(), {2});
  EXPECT_EQ(first.counts().first, 60);
  EXPECT_TRUE(at::equal(fed(second, all(), {2}), taps));
  EXPECT_EQ(second.counts().first, 0);
  EXPECT_FALSE(at::equal(fed(third, all(), {2}), taps)) << "other weights are another prefix";
  EXPECT_EQ(third.counts().first, 60);
  EXPECT_EQ(kept().size(), 2u);
}

TEST_F(Taps, OfADeeperCutGoOnFromThoseThatAreThere) {
  Network first, second;
  fed(first, all(), {1}, 1);
  EXPECT_EQ(first.counts().second, 0);
  fed(second, all(), {1, 2});
  EXPECT_EQ(second.counts().first, 0);
  EXPECT_GE(second.counts().second, 60);
}

TEST_F(Taps, ThatAreDamagedAreComputedAgain) {
  Network first, second;
  const at::Tensor taps = fed(first, all(), {2});
  {
    std::fstream file(kept().front(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096 + 4096 + 5 * 36);
    file.write("damage", 6);
  }
  EXPECT_TRUE(at::equal(fed(second, all(), {2}), taps));
  EXPECT_EQ(second.counts().first, 1);
}

TEST_F(Taps, AreSharedOutAmongThoseThatComputeThemAtOnce) {
  Network one, two;
  at::Tensor first, second;
  std::thread other([&] { second = fed(two, all(), {2}); });
  first = fed(one, all(), {2});
  other.join();
  EXPECT_TRUE(at::equal(first, second));
  EXPECT_EQ(one.counts().first + two.counts().first, 60);
}

TEST_F(Taps, ThatFindNoRoomAreKeptByTheRunAlone) {
  Network network;
  const at::Tensor want = fed(network, all(), {2});
  fs::remove(kept().front());
  most_ = 100;
  EXPECT_TRUE(at::equal(fed(network, all(), {2}), want));
  EXPECT_NE(note_.find("no room"), std::string::npos);
  EXPECT_TRUE(kept().empty());
}

TEST_F(Taps, ThatCannotBeWrittenAnyMoreAreKeptByTheRunAlone) {
  Network network;
  const at::Tensor want = fed(network, all());
  fed(network, images({0}), {2});
  const rlimit enough = limit_files(fs::file_size(kept().front()) / 2);
  const at::Tensor have = fed(network, all(), {2});
  ::setrlimit(RLIMIT_FSIZE, &enough);
  EXPECT_TRUE(at::equal(have, want));
  EXPECT_NE(note_.find("no room"), std::string::npos);
  EXPECT_TRUE(at::equal(fed(network, all(), {2}), want));
  EXPECT_EQ(note_, "") << "once there is room again";
}

TEST_F(Taps, ThatWereUsedLongestAgoMakeRoom) {
  Network first, second(2), third(3);
  most_ = 20000;  // two files of three pages each
  fed(first, all(), {2});
  fs::last_write_time(kept().front(), fs::file_time_type::clock::now() - std::chrono::hours(1));
  const fs::path oldest = kept().front();
  fed(second, all(), {2});
  EXPECT_TRUE(fs::exists(oldest));
  fed(third, all(), {2});
  EXPECT_FALSE(fs::exists(oldest));
  EXPECT_EQ(kept().size(), 2u);
}

/// Cells that train a head each on one frozen body.
class Heads : public ::testing::Test {
 protected:
  void SetUp() override {
    source_.run();
    hash_ = sha256_file(source_.weights("last"));
  }
  void prepare(Bench& bench, std::uint64_t seed) const {
    bench.job.seed = seed;
    bench.job.source = WeightsRef{source_.weights("last"), hash_};
    bench.job.taps = {(source_.folder.path() / "taps").string(), {3}, 1 << 20};
  }
  static TransferPlan plan() { return plan_of(Weights::Source, frozen()); }
  Bench source_;
  std::string hash_;
};

TEST_F(Heads, OnASharedBodyAreThoseOfOnesOwn) {
  std::shared_ptr<Body> shared;
  for (std::uint64_t seed = 1; seed < 4; ++seed) {
    Bench own({}, {{"validation", 0.2}}, plan()), member({}, {{"validation", 0.2}}, plan());
    prepare(own, seed);
    prepare(member, seed);
    own.job.taps = {};
    own.run();
    member.body = shared;
    member.run();
    shared = member.body;
    EXPECT_EQ(own.metrics(), member.metrics()) << seed;
    for (const char* kind : {"last", "best"})
      EXPECT_EQ(hashes(read_weights(own.weights(kind)).tensors), hashes(read_weights(member.weights(kind)).tensors));
  }
}

TEST_F(Heads, AreThoseOfTheGeneralWayButForRounding) {
  // A last layer that is frozen in train mode, and has no dropout, gives the same and is no part of the prefix.
  TransferPlan general = plan();
  general.phases[0].layers[2] = frozen(FrozenMode::Train);
  for (const char* optimizer : {"sgd", "adam", "adamw"}) {
    Overrides train = {{"optimizer", std::string(optimizer)}, {"weight_decay", 0.01}, {"label_smoothing", 0.1}};
    Bench a(train, {{"validation", 0.2}}, general), b(train, {{"validation", 0.2}}, plan());
    prepare(a, 5);
    prepare(b, 5);
    a.run();
    b.run();
    const auto one = a.metrics(), other = b.metrics();
    ASSERT_EQ(one.size(), other.size());
    for (std::size_t i = 0; i < one.size(); ++i)
      for (const auto& [name, value] : one[i].items())
        EXPECT_NEAR(value.get<double>(), other[i].at(name).get<double>(), 1e-4) << optimizer << " " << name << " " << i;
  }
}

TEST_F(Heads, FittedByLbfgsAreWhereStepsWouldEndIfThereWereEnough) {
  Bench fitted({{"optimizer", std::string("lbfgs")}, {"epochs", std::int64_t(500)}, {"label_smoothing", 0.1}}, {},
               plan());
  Bench stepped({{"batch", std::int64_t(60)},
                 {"epochs", std::int64_t(1000)},
                 {"lr", 0.5},
                 {"momentum", 0.9},
                 {"label_smoothing", 0.1}},
                {}, plan());
  for (Bench* bench : {&fitted, &stepped}) {
    prepare(*bench, 3);
    bench->run();
  }
  EXPECT_NEAR(fitted.finished().at("test_loss").get<double>(), stepped.finished().at("test_loss").get<double>(), 2e-3);
  EXPECT_EQ(fitted.finished().at("test_accuracy"), stepped.finished().at("test_accuracy"));
  auto one = hashes(read_weights(fitted.weights("last")).tensors),
       other = hashes(read_weights(stepped.weights("last")).tensors);
  for (const char* head : {"head.weight", "head.bias"}) {
    EXPECT_NE(one.at(head), other.at(head));
    one.erase(head);
    other.erase(head);
  }
  EXPECT_EQ(one, other) << "what is frozen";
}

TEST_F(Heads, GoOnFromACheckpoint) {
  Bench whole({{"momentum", 0.9}}, {{"validation", 0.2}}, plan()),
      part({{"momentum", 0.9}}, {{"validation", 0.2}}, plan());
  prepare(whole, 2);
  prepare(part, 2);
  whole.run();
  part.strategy->on_epoch = [](std::int64_t epoch, const Metrics&) {
    if (epoch == 3) throw std::runtime_error("killed");
  };
  EXPECT_THROW(part.run(), std::runtime_error);
  part.strategy = std::make_unique<TinyStrategy>(plan());
  fs::rename(part.job.events, part.job.events + ".first");
  part.body.reset();
  part.run();
  EXPECT_EQ(whole.metrics(), part.metrics());
  EXPECT_EQ(part.events().front().at("resumed_epoch"), 2);
}

}  // namespace
}  // namespace cambium::test
