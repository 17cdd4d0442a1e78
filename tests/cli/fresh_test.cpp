#include <algorithm>
#include <set>

#include "program.h"
#include "weights/weights_file.h"

/// Fresh means fresh: what a cell draws is not what a network that it comes from began with.
namespace cambium::test {
namespace {

/// Two stages of no epochs, so that what is kept is what they start with, on the same data and the same seed.
constexpr const char* kStudy = R"([study]
name = "fresh"
weights = "all"

[stage.base]
backbone = { plugin = "mlp", hidden = [6, 5, 4] }
data     = { plugin = "shapes", train_per_class = 4, test_per_class = 2 }
strategy = "from_scratch"
train    = { epochs = 0 }

[stage.again]
init  = "base"
data  = { plugin = "shapes", train_per_class = 4, test_per_class = 2 }
train = { epochs = 0 }

[stage.again.grid]
strategy = [{ plugin = "partial_finetuning", cut = 1 }, { plugin = "partial_finetuning", cut = 1, weights = "random" },
            { plugin = "partial_finetuning", cut = 2, frozen = false }, "from_scratch"]

[stage.once_more]
init     = "again"
data     = { plugin = "shapes", train_per_class = 4, test_per_class = 2 }
strategy = { plugin = "partial_finetuning", cut = 1, above = "fresh" }
train    = { epochs = 0 }
)";

class Fresh : public CliTest {
 protected:
  /// The weight matrices of each cell of a stage, by name, as bytes. Biases may start at 0 everywhere.
  std::vector<std::map<std::string, std::string>> weights_of(const std::string& stage) {
    std::vector<std::map<std::string, std::string>> all;
    for (const Json& row :
         rows("SELECT DISTINCT path FROM artifacts WHERE stage = '" + stage + "' AND kind = 'last'")) {
      std::filesystem::path path = row.at("path").get<std::string>();
      if (path.is_relative()) path = folder() / "results" / path;
      const WeightsFile file(path);
      auto& cell = all.emplace_back();
      for (const StoredTensor& tensor : file.index().tensors)
        if (tensor.shape.size() == 2)
          cell[tensor.name] = {reinterpret_cast<const char*>(file.begin_of(tensor)), std::size_t(tensor.count() * 4)};
    }
    return all;
  }
};

TEST_F(Fresh, IsNothingThatAnAncestorStartedFrom) {
  const auto ended = run({"run", write("study.toml", kStudy), "--workers", "1"});
  ASSERT_EQ(ended.status, 0) << ended.out << ended.err;
  const auto base = weights_of("base"), again = weights_of("again"), more = weights_of("once_more");
  ASSERT_EQ(base.size(), 1u);
  ASSERT_EQ(again.size(), 4u);
  ASSERT_FALSE(more.empty());
  std::set<std::string> of_base, of_again;
  for (const auto& [name, bytes] : base[0]) of_base.insert(bytes);
  int taken = 0;
  std::map<std::string, std::set<std::string>> drawn;
  for (const auto& cell : again)
    for (const auto& [name, bytes] : cell) {
      of_again.insert(bytes);
      if (of_base.count(bytes))
        ++taken;
      else
        drawn[name].insert(bytes);
    }
  EXPECT_EQ(taken, 1 + 2) << "the layers below the cuts, and nothing else";
  for (const auto& [name, values] : drawn)
    EXPECT_EQ(values.size(), 1u) << name << " is the same in every arm that draws it";
  for (const auto& cell : more) {
    int known = 0;
    for (const auto& [name, bytes] : cell) known += int(of_base.count(bytes) || of_again.count(bytes));
    EXPECT_EQ(known, 1) << "the layer below the cut";
  }
}

}  // namespace
}  // namespace cambium::test
