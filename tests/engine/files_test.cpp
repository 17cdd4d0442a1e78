#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "cambium/error.h"
#include "engine/train/checkpoint.h"
#include "engine/train/events.h"
#include "support/temporary_folder.h"

namespace cambium {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST(Events, AreLinesNumberedWithoutAHole) {
  const test::TemporaryFolder folder;
  EventFile events(folder.path() / "e.jsonl");
  events.write("started", {{"note", "first\nsecond"}});
  events.write(
      "epoch",
      {{"metrics",
        metrics_json(
            {{"a", std::nan("")}, {"b", std::numeric_limits<double>::infinity()}, {"c", -INFINITY}, {"d", 0.1}})}});
  std::ifstream in(folder.path() / "e.jsonl");
  std::string line;
  for (int seq = 0; seq < 2; ++seq) {
    ASSERT_TRUE(std::getline(in, line));
    const json event = json::parse(line);
    EXPECT_EQ(event["seq"], seq);
    EXPECT_EQ(event["type"], seq == 0 ? "started" : "epoch");
    EXPECT_GT(event["time"], 1.6e9);
    if (seq == 1) {
      EXPECT_EQ(event["metrics"], (json{{"a", "nan"}, {"b", "inf"}, {"c", "-inf"}, {"d", 0.1}}));
      const Metrics back = metrics_of(event["metrics"]);
      EXPECT_TRUE(std::isnan(back.at("a")));
      EXPECT_EQ(back.at("b"), INFINITY);
      EXPECT_EQ(back.at("c"), -INFINITY);
      EXPECT_EQ(back.at("d"), 0.1);
    }
  }
  EXPECT_FALSE(std::getline(in, line));
}

TEST(Events, NameTheFileThatCannotBeWritten) {
  try {
    EventFile events("/dev/full");
    events.write("started", json::object());
    FAIL() << "a full disk went unnoticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::System);
    EXPECT_THAT(error.message(), HasSubstr("/dev/full"));
    EXPECT_THAT(error.hint(), HasSubstr("make room"));
  }
  EXPECT_THROW(EventFile("/no/such/folder/e.jsonl"), Error);
}

TEST(Events, AreNeverWrittenOver) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("e.jsonl", "{}\n");
  try {
    EventFile events(path);
    FAIL() << "what the file held would be lost";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::System);
    EXPECT_THAT(error.message(), HasSubstr("holds events already"));
  }
  EXPECT_EQ(std::filesystem::file_size(path), 3u);
  folder.write("e.jsonl", "");
  EventFile(path).write("started", json::object());
}

class Checkpoints : public ::testing::Test {
 protected:
  Checkpoint some() const {
    Checkpoint c;
    c.cell = "cell";
    c.epoch = 3;
    c.seconds = 1.25;
    c.model = {{"w", at::full({2, 3}, 0.1)}, {"n", at::full({}, 7, at::kLong)}};
    c.best = {{"w", at::full({2, 3}, 0.2)}, {"n", at::full({}, 5, at::kLong)}};
    c.optimizer = {{"w/first", at::full({2, 3}, 0.3)}, {"w/steps", at::full({}, 9.0, at::kDouble)}};
    c.best_epoch = 2;
    c.best_accuracy = 1.0 / 3;
    c.history = {R"({"epoch":1})", R"({"epoch":2})", R"({"epoch":3})"};
    return c;
  }
  std::optional<Checkpoint> read(const std::string& cell = "cell", const MadeWith& made_with = kHere) {
    note_.clear();
    return read_checkpoint(path_, cell, made_with, note_);
  }
  static inline const MadeWith kHere = {{"CPU", "one"}, {"BLAS", "some"}, {"library of plugin net", "ff"}};
  test::TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "c.safetensors";
  std::string note_;
};

TEST_F(Checkpoints, ComeBackWhole) {
  const Checkpoint saved = some();
  write_checkpoint(path_, saved, kHere);
  const auto read_back = read();
  ASSERT_TRUE(read_back);
  EXPECT_EQ(note_, "");
  EXPECT_EQ(read_back->epoch, 3);
  EXPECT_EQ(read_back->seconds, 1.25);
  EXPECT_EQ(read_back->best_epoch, 2);
  EXPECT_EQ(read_back->best_accuracy, 1.0 / 3);
  EXPECT_EQ(read_back->history, saved.history);
  for (const auto part : {&Checkpoint::model, &Checkpoint::best, &Checkpoint::optimizer}) {
    ASSERT_EQ((*read_back.*part).size(), (saved.*part).size());
    for (const auto& [name, tensor] : saved.*part) EXPECT_TRUE(at::equal((*read_back.*part).at(name), tensor)) << name;
  }
}

TEST_F(Checkpoints, AreIgnoredWithANoteWhereTheyDoNotFit) {
  EXPECT_FALSE(read());
  EXPECT_EQ(note_, "") << "none is no reason for a note";
  write_checkpoint(path_, some(), kHere);
  EXPECT_FALSE(read("other"));
  EXPECT_THAT(note_, HasSubstr("another cell"));
  MadeWith other = kHere;
  other["BLAS"] = "another";
  EXPECT_FALSE(read("cell", other));
  EXPECT_THAT(note_, HasSubstr("made with another BLAS, and would lead to other numbers"));
  other["network file"] = "ee";
  other.erase("library of plugin net");
  EXPECT_FALSE(read("cell", other));
  EXPECT_THAT(note_, HasSubstr("another BLAS and network file and library of plugin net,"));
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 1);
  EXPECT_FALSE(read());
  EXPECT_THAT(note_, HasSubstr("cannot be read"));
  folder_.write("c.safetensors", "");
  EXPECT_FALSE(read());
  EXPECT_NE(note_, "");
}

TEST_F(Checkpoints, ThatAreDamagedAreNoticedWhereverTheDamageIs) {
  write_checkpoint(path_, some(), kHere);
  std::ifstream in(path_, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  std::size_t refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = char(damaged[at] ^ 1);
    folder_.write("c.safetensors", damaged);
    if (!read()) {
      ++refused;
      EXPECT_THAT(note_, HasSubstr("begun anew"));
    } else {
      EXPECT_TRUE(whole[at] == ' ') << "byte " << at << " may be another";  // what fills up to the tensors
    }
  }
  EXPECT_GE(refused + 8, whole.size());
  folder_.write("c.safetensors", whole);
  EXPECT_TRUE(read());
}

TEST_F(Checkpoints, FitOnlyTheNetworkTheyWereMadeOf) {
  const Checkpoint saved = some();
  EXPECT_TRUE(fits(saved, saved.model));
  TensorMap other = saved.model;
  other["w"] = at::full({3, 2}, 0.0);
  EXPECT_FALSE(fits(saved, other));
  other = saved.model;
  other.erase("n");
  EXPECT_FALSE(fits(saved, other));
  Checkpoint strange = some();
  strange.optimizer["x/first"] = at::full({1}, 0.0);
  EXPECT_FALSE(fits(strange, strange.model));
}

}  // namespace
}  // namespace cambium
