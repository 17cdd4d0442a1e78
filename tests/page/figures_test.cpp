#include <gmock/gmock.h>

#include "page/figure.h"
#include "page/support.h"
#include "study/report_words.h"

namespace cambium::test {
namespace {

using page::Facts;
using page::Figure;
using ::testing::Contains;
using ::testing::ElementsAre;

using Figures = PageTest;

std::vector<std::string> names(const std::vector<Figure>& figures) {
  std::vector<std::string> result;
  for (const Figure& figure : figures) result.push_back(figure.name);
  return result;
}

TEST_F(Figures, AreChosenFromWhatTheStudyVaried) {
  Store store(db(), Store::Mode::Write);
  fill(store);
  const Facts facts = page::facts_of(store, "layers", "", "", "");
  EXPECT_THAT(names(figures_of(facts, {})),
              ElementsAre("factors-strategy.cut", "arms", "differences", "curves", "loss", "cost"));
}

TEST_F(Figures, AreThoseThatTheStudyNames) {
  Store store(db(), Store::Mode::Write);
  fill(store);
  const Facts facts = page::facts_of(store, "layers", "", "", "");
  ReportWords words;
  words.figures = {"cost", "arms"};
  EXPECT_THAT(names(figures_of(facts, words)), ElementsAre("cost", "arms"));
  words.without = {"cost"};
  EXPECT_THAT(names(figures_of(facts, words)), ElementsAre("arms"));
}

TEST_F(Figures, OfAFactorHaveMeansIntervalsAndTheBaselineAsReference) {
  Store store(db(), Store::Mode::Write);
  fill(store);
  const Facts facts = page::facts_of(store, "layers", "", "", "");
  const auto figures = page::factor_figures(facts);
  ASSERT_EQ(figures.size(), 1u);
  const page::Json& points = figures[0].spec["datasets"]["points"];
  ASSERT_EQ(points.size(), 6u);
  // Cells 3 and 4: 0.84 and 0.819; t(0.975, 1) = 12.706, sd 0.0148492, over sqrt 2.
  EXPECT_EQ(points[0]["arm"], "AnB");
  EXPECT_EQ(points[0]["at"], 1);
  EXPECT_NEAR(points[0]["mean"].get<double>(), 82.95, 1e-9);
  EXPECT_NEAR(points[0]["hi"].get<double>() - points[0]["mean"].get<double>(), 12.7062 * 1.48492 / 1.41421, 1e-3);
  const page::Json& references = figures[0].spec["datasets"]["references"];
  ASSERT_EQ(references.size(), 1u);
  EXPECT_EQ(references[0]["arm"], "base");
  EXPECT_EQ(figures[0].table.rows.size(), 7u) << "a table behind the figure has the references too";
}

TEST_F(Figures, CurvesStandSideBySideByTheOneFactor) {
  Store store(db(), Store::Mode::Write);
  fill(store);
  const auto figures = page::curve_figures(page::facts_of(store, "layers", "", "", ""));
  ASSERT_EQ(figures.size(), 1u);
  EXPECT_EQ(figures[0].spec["facet"]["sort"], page::Json({1, 2, 3}));
  EXPECT_EQ(figures[0].spec["data"]["values"].size(), 6u * 4u);
  EXPECT_EQ(figures[0].spec["data"]["values"][0]["mean"], 20.0);
}

TEST_F(Figures, OfRatesAndSweepsShowEveryPoint) {
  Store store(db(), Store::Mode::Write);
  StudyRecord record{"sweep", "s.toml", "", {}, {}};
  int number = 0;
  for (const double rate : {0.01, 0.1, 1.0})
    for (const int width : {8, 16, 32})
      for (const char* optimizer : {"sgd", "adam"}) {
        const auto factors =
            fmt::format(R"({{"train.lr":{},"backbone.width":{},"train.optimizer":"{}"}})", rate, width, optimizer);
        add(record, ++number, 0, "train", "net", factors, fmt::format("net {}", number));
      }
  store.put_study(record);
  for (int i = 1; i <= number; ++i) run(store, i, 0.5 + 0.01 * i);
  const Facts facts = page::facts_of(store, "sweep", "", "", "");
  EXPECT_THAT(names(figures_of(facts, {})), Contains("rates"));
  const auto sweep = page::sweep_figures(facts);
  ASSERT_EQ(sweep.size(), 1u);
  EXPECT_EQ(sweep[0].spec["datasets"]["points"].size(), 18u * 4u) << "three factors and the metric";
  EXPECT_EQ(sweep[0].table.rows.size(), 18u);
  EXPECT_EQ(page::rate_figures(facts)[0].spec["data"]["values"].size(), 18u);
}

TEST_F(Figures, OfMeasuresShowLayersMistakesConfidenceAndFilters) {
  Store store(db(), Store::Mode::Write);
  fill(store);
  const auto measured = [&](const std::string& measure, const std::string& values, const std::string& files = "") {
    return fmt::format(
        R"({{"seq":0,"type":"measured","time":100,"seconds":0.5,"measure":"{}","values":[{}],"files":[{}]}})"
        "\n",
        measure, values, files);
  };
  write(store.files() / "f.png", "PNG");
  write(folder / "m.jsonl", measured("cka", R"(["conv1",0.9],["fc2",0.5])") +
                                measured("weight_distance", R"(["conv1",3],["conv1 relative",0.25])") +
                                measured("confusion", R"(["a -> a",6],["a -> b",2],["b -> b",8])") +
                                measured("ece", R"(["ece",0.1],["confidence",0.8],["accuracy",0.7])") +
                                measured("filters", "", R"({"kind":"png","path":"f.png","sha256":"ff","bytes":3})"));
  store.ingest_measures(identity(3), folder / "m.jsonl");
  const Facts facts = page::facts_of(store, "layers", "", "", "");
  const auto layers = page::layer_figures(facts);
  EXPECT_THAT(names(layers), ElementsAre("layers-cka", "layers-weight_distance"));
  EXPECT_EQ(layers[0].spec["encoding"]["x"]["sort"], page::Json({"conv1", "fc2"})) << "in the network's order";
  EXPECT_EQ(layers[1].spec["data"]["values"][0]["value"], 0.25);
  const auto confusion = page::confusion_figures(facts);
  ASSERT_EQ(confusion.size(), 1u);
  ASSERT_EQ(confusion[0].table.rows.size(), 1u) << "the table has mistakes alone";
  EXPECT_EQ(confusion[0].table.rows[0][2], Field(25.0)) << "percent of the class";
  EXPECT_EQ(page::confidence_figures(facts)[0].spec["datasets"]["arms"][0]["confidence"], 80.0);
  const auto filters = page::filter_figures(facts);
  ASSERT_EQ(filters.size(), 1u);
  EXPECT_EQ(filters[0].image, "data:image/png;base64,UE5H");
}

TEST_F(Figures, OfAFactorDrawNoMoreLinesThanCanBeToldApart) {
  Store store(db(), Store::Mode::Write);
  StudyRecord record{"wide", "w.toml", "", {}, {}};
  int number = 0;
  for (int net = 0; net < 12; ++net)
    for (const int width : {8, 16, 32}) {
      const auto factors = fmt::format(R"({{"backbone.width":{},"train.batch":{}}})", width, net);
      add(record, ++number, 0, "train", "net", factors, fmt::format("net {}", number));
    }
  store.put_study(record);
  for (int i = 1; i <= number; ++i) run(store, i, 0.5 + 0.01 * i);
  const auto figures = page::factor_figures(page::facts_of(store, "wide", "", "", ""));
  const page::Json& points = figures[0].spec["datasets"]["points"];
  EXPECT_EQ(points.size(), 10u * 3u);
  EXPECT_EQ(figures[0].spec["layer"].size(), 2u) << "no layers of references where there are none";
  EXPECT_EQ(points[0]["arm"], "net, batch=2") << "the two lowest are left out";
  EXPECT_THAT(figures[0].caption, ::testing::HasSubstr("The 10 lines that reach highest"));
}

TEST_F(Figures, OfAStudyWithoutAResultThereAreNone) {
  Store store(db(), Store::Mode::Write);
  StudyRecord record{"empty", "e.toml", "", {}, {}};
  add(record, 1, 0, "train", "net", "{}", "net");
  store.put_study(record);
  EXPECT_TRUE(figures_of(page::facts_of(store, "empty", "", "", ""), {}).empty());
}

}  // namespace
}  // namespace cambium::test
