#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "engine/data/sealed_dataset.h"
#include "engine/data/selection_record.h"
#include "protocol/selected.h"
#include "tiny.h"

namespace cambium::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> names(std::size_t count) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < count; ++i) result.push_back("class" + std::to_string(i));
  return result;
}

Params data(Overrides overrides) { return settings(data_schema(), overrides); }
Params half(const std::string& which, std::int64_t split) { return data({{"half", which}, {"split", split}}); }

std::string refusal(const Params& params, std::size_t classes, std::string* key = nullptr) {
  try {
    kept_classes(params, names(classes));
  } catch (const SelectionError& error) {
    if (key) *key = error.key();
    return error.message() + "; " + error.hint();
  }
  return "";
}

TEST(Classes, HalvesAreDisjointEqualAndWhole) {
  for (std::int64_t split = 0; split < 8; ++split) {
    const auto a = kept_classes(half("A", split), names(100)), b = kept_classes(half("B", split), names(100));
    EXPECT_EQ(a.size(), 50u);
    EXPECT_EQ(b.size(), 50u);
    std::set<std::size_t> both(a.begin(), a.end());
    both.insert(b.begin(), b.end());
    EXPECT_EQ(both.size(), 100u);
    EXPECT_TRUE(std::is_sorted(a.begin(), a.end()));
  }
}

TEST(Classes, SplitsDifferAndMixTheClasses) {
  const auto first = kept_classes(half("A", 0), names(100)), second = kept_classes(half("A", 1), names(100));
  EXPECT_NE(first, second);
  std::vector<std::size_t> shared;
  std::set_intersection(first.begin(), first.end(), second.begin(), second.end(), std::back_inserter(shared));
  // Hypergeometric: mean 25, standard deviation 2.5.
  EXPECT_GT(shared.size(), 12u);
  EXPECT_LT(shared.size(), 38u);
}

TEST(Classes, AreKeptByNameAndLeftOutByName) {
  const std::vector<std::string> two = {"class3", "class1"}, three = {"class4", "class3", "class1"}, one = {"class1"};
  EXPECT_THAT(kept_classes(data({{"only", two}}), names(5)), ElementsAre(1u, 3u));
  EXPECT_THAT(kept_classes(data({{"except", two}}), names(5)), ElementsAre(0u, 2u, 4u));
  EXPECT_THAT(kept_classes(data({{"only", three}, {"except", one}}), names(5)), ElementsAre(3u, 4u));
  std::string key;
  EXPECT_THAT(refusal(data({{"only", one}}), 5, &key), HasSubstr("only leaves one class over"));
  EXPECT_EQ(key, "only");
}

TEST(Classes, SayWhichKeyIsWrongAndWhatToDo) {
  std::string key;
  EXPECT_THAT(refusal(data({{"only", std::vector<std::string>{"clas3"}}}), 5, &key),
              HasSubstr("did you mean \"class3\"?"));
  EXPECT_EQ(key, "only");
  EXPECT_THAT(refusal(data({{"except", std::vector<std::string>{"class1", "class1"}}}), 5), HasSubstr("twice"));
  EXPECT_THAT(refusal(half("A", 0), 5, &key), HasSubstr("5 classes cannot be halved"));
  EXPECT_EQ(key, "half");
  EXPECT_THAT(refusal(half("B", 0), 2), HasSubstr("two classes or more"));
}

TEST(Classes, OfAHalfAreRenumberedAndTheOthersImagesAreGone) {
  class Four : public MemoryDataset {
   public:
    Four() {
      set_info({{1, 1, 1}, {"a", "b", "c", "d"}, "four", {}});
      at::Tensor images = at::empty({8, 1, 1, 1}, at::kByte);
      for (std::int64_t i = 0; i < 8; ++i) images.data_ptr<std::uint8_t>()[i] = std::uint8_t(10 * i);
      set_split(Split::Train, images, {0, 1, 2, 3, 3, 2, 1, 0});
    }
  } four;
  const SealedDataset kept(four, data({{"only", std::vector<std::string>{"b", "d"}}}));
  EXPECT_THAT(kept.info().classes, ElementsAre("b", "d"));
  const auto labels = kept.labels(Split::Train);
  EXPECT_THAT(std::vector<std::int64_t>(labels.begin(), labels.end()), ElementsAre(0, 1, 1, 0));
  const std::vector<std::int64_t> all = {0, 1, 2, 3};
  EXPECT_THAT(kept.originals(Split::Train, all), ElementsAre(1, 3, 4, 6));
  const at::Tensor images = kept.images(Split::Train, all);
  EXPECT_EQ(images.data_ptr<std::uint8_t>()[2], 40);
}

TEST(Classes, TrainOnAPartOfThemAndSayWhichImagesThatWere) {
  Bench bench({{"epochs", std::int64_t(1)}},
              {{"except", std::vector<std::string>{"right"}}, {"per_class", std::int64_t(5)}});
  bench.run();
  const Json started = bench.events().front();
  EXPECT_EQ(started.at("train_images"), 10);
  const std::string hash = started.at("selection");
  const auto bytes = read_bytes(bench.folder.path() / (hash.substr(0, 16) + ".json"));
  EXPECT_EQ(sha256(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size())), hash);
  const Json record = Json::parse(bytes);
  EXPECT_THAT(record.at("classes").get<std::vector<std::string>>(), ElementsAre("left", "both"));
  ASSERT_EQ(record.at("train").size(), 10u);
  for (const std::int64_t original : record.at("train")) EXPECT_NE(original % 3, 1);  // the class that is left out
}

TEST(Classes, FactsTellWhatARunTrainsValidatesAndIsTestedOn) {
  DatasetFacts facts;
  facts.classes = {"a", "b", "c"};
  facts.per_class = {{"train", {10, 20, 30}}, {"test", {1, 2, 3}}};
  const DatasetFacts used = selected(
      facts, data({{"except", std::vector<std::string>{"a"}}, {"validation", 0.1}, {"per_class", std::int64_t(7)}}));
  EXPECT_THAT(used.classes, ElementsAre("b", "c"));
  EXPECT_THAT(used.per_class.at("train"), ElementsAre(7, 7));
  EXPECT_THAT(used.per_class.at("validation"), ElementsAre(2, 3));
  EXPECT_THAT(used.per_class.at("test"), ElementsAre(2, 3));
}

}  // namespace
}  // namespace cambium::test
