#include "cambium/schema.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "protocol/messages.h"

namespace cambium {
namespace {

Schema sample() {
  return Schema()
      .integer("width", 32, {1, 64}, "a width")
      .number("rate", 1.0, {0, 10}, "a rate")
      .choice("kind", "a", {"a", "b"}, "a kind")
      .number("slope", 0.5, {}, "a slope")
      .when("kind", {"b"})
      .path("root", std::nullopt, "a folder")
      .numbers("list", std::vector<double>{}, {0, 1}, "numbers")
      .strings("names", std::vector<std::string>{}, "names")
      .table("rates", std::map<std::string, double>{}, {0, 1}, "rates");
}

TEST(Schema, SurvivesTheWayThroughJson) {
  const Schema here = sample(), there = Json(here).get<Schema>();
  ASSERT_EQ(there.parameters().size(), here.parameters().size());
  for (std::size_t i = 0; i < there.parameters().size(); ++i) {
    const Parameter &a = here.parameters()[i], &b = there.parameters()[i];
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.type, b.type);
    EXPECT_EQ(a.default_value, b.default_value) << a.name;
    EXPECT_EQ(a.range.minimum, b.range.minimum);
    EXPECT_EQ(a.range.maximum, b.range.maximum);
    EXPECT_EQ(a.choices, b.choices);
    EXPECT_EQ(a.when_key, b.when_key);
    EXPECT_EQ(a.when_values, b.when_values);
  }
}

TEST(Schema, RefusesANameTwice) { EXPECT_THROW(sample().boolean("width", true, "again"), std::logic_error); }

TEST(Params, AreTypedByTheSchemaAfterJson) {
  Params params({{"rate", 2.0}, {"root", std::string("x")}, {"list", std::vector<double>{1}}});
  const Params there =
      typed(Json::parse(R"({"rate": 2, "root": "x", "list": [1], "names": []})").get<Params>(), sample());
  EXPECT_EQ(there.number("rate"), 2.0);
  EXPECT_EQ(there.numbers("list"), std::vector<double>{1});
  EXPECT_TRUE(there.strings("names").empty());
  EXPECT_EQ(there.integer("width"), 32);
}

TEST(Params, RefuseWhatTheSchemaDoesNotKnow) {
  EXPECT_THROW(typed(Json::parse(R"({"root": "x", "wdth": 2})").get<Params>(), sample()), Error);
  EXPECT_THROW(typed(Json::parse(R"({"root": "x", "width": "2"})").get<Params>(), sample()), Error);
  EXPECT_THROW(typed(Json::parse(R"({"root": "x", "width": 2.5})").get<Params>(), sample()), Error);
}

TEST(Params, TellTheAuthorOfAPluginOfAWrongGetter) {
  const Params params({{"width", std::int64_t{3}}});
  EXPECT_THROW(params.number("width"), std::logic_error);
  EXPECT_THROW(params.integer("height"), std::logic_error);
}

TEST(Suggestion, IsTheNearestNameIfOneIsNear) {
  const std::vector<std::string> names = {"momentum", "nesterov", "lr", "epochs"};
  EXPECT_EQ(suggestion("momentun", names), "momentum");
  EXPECT_EQ(suggestion("epcohs", names), "epochs");
  EXPECT_EQ(suggestion("l", names), "lr");
  EXPECT_EQ(suggestion("colour", names), std::nullopt);
}

TEST(Messages, SurviveTheWayThroughJson) {
  TransferPlan plan;
  plan.weights = {Weights::Source, Weights::Fresh, Weights::Statistics};
  plan.phases = {{0, {{Trainable::None, 1, std::nullopt, FrozenMode::Train}, {Trainable::Norm, 0.5, 0.1}, {}}, {}},
                 {3, {{}, {}, {}}, {Trainable::Bias}}};
  plan.source_share = 0.25;
  EXPECT_EQ(Json::parse(Json(plan).dump()).get<TransferPlan>(), plan);

  TrainJob job;
  job.cell = "abc";
  job.seed = 18446744073709551615ull;
  job.source = WeightsRef{"/w", "123"};
  const auto there = Json::parse(Json(job).dump()).get<TrainJob>();
  EXPECT_EQ(there.seed, job.seed);
  EXPECT_EQ(there.source->path, "/w");
}

}  // namespace
}  // namespace cambium
