#include <gmock/gmock.h>

#include "program.h"
#include "small_study.h"

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using Verbs = CliTest;

TEST_F(Verbs, HelpTeachesByExampleForEachVerb) {
  const Ended all = run({"--help"});
  EXPECT_EQ(all.status, 0);
  for (const std::string verb : {"check", "plan", "run", "status", "runs", "show", "query", "plugins"}) {
    EXPECT_THAT(all.out, HasSubstr("\n  " + verb + " "));
    const Ended help = run({verb, "--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_THAT(help.out, AllOf(HasSubstr("Examples:\n  cambium " + verb), HasSubstr("--help")));
  }
  EXPECT_EQ(run({}).out, all.out);
  EXPECT_THAT(run({"--version"}).out, ContainsRegex("^cambium [0-9.]+ \\(revision "));
}

TEST_F(Verbs, AWrongCommandLineIsToldWithTheNearest) {
  const Ended verb = run({"rum", "study.toml"});
  EXPECT_EQ(verb.status, 2);
  EXPECT_EQ(verb.err, "cambium: there is no verb \"rum\"\n    did you mean \"run\"? `cambium --help` lists all\n");
  const Ended option = run({"runs", "--sate", "failed"});
  EXPECT_EQ(option.status, 2);
  EXPECT_EQ(option.err, "cambium: cambium runs has no option --sate\n    did you mean --state?\n");
  EXPECT_EQ(run({"run"}).status, 2);
  EXPECT_EQ(run({"run", "study.toml", "--workers", "0"}).status, 2);
  EXPECT_EQ(run({"runs", "--format", "xml"}).status, 2);
}

TEST_F(Verbs, PluginsAreToldFromTheirSchemas) {
  const Ended list = run({"plugins"});
  EXPECT_EQ(list.status, 0) << list.err;
  for (const char* name : {"mlp", "lenet5", "cnn7", "idx", "cifar", "shapes", "feature_extraction", "slow"})
    EXPECT_THAT(list.out, ContainsRegex(std::string("  ") + name + " "));
  EXPECT_THAT(run({"plugins", "mlp"}).out, AllOf(HasSubstr("hidden"), HasSubstr("0 to 0.99")));
  EXPECT_THAT(run({"plugins", "train"}).out, HasSubstr("sgd, adam, adamw"));
  const Json rows = Json::parse(run({"plugins", "slow", "--format", "json"}).out);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0]["name"], "fresh");
  const Ended unknown = run({"plugins", "shape"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean \"shapes\"?"));
}

TEST_F(Verbs, WithoutADatabaseTheReadersSaySo) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"status"}, {"runs"}, {"show", "abcdef"}, {"query", "SELECT 1"}}) {
    const Ended ended = run(words);
    EXPECT_EQ(ended.status, 1);
    EXPECT_THAT(ended.err, AllOf(HasSubstr("results/cambium.db: there is no such file"), HasSubstr("run a study")));
    EXPECT_FALSE(std::filesystem::exists(folder() / "results"));
  }
}

/// The fields of CSV text without quotes, by line.
std::vector<std::vector<std::string>> fields(const std::string& csv) {
  std::vector<std::vector<std::string>> lines = {{""}};
  bool quoted = false;
  for (const char c : csv) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      lines.back().emplace_back();
    else if (c == '\n' && !quoted)
      lines.push_back({""});
    else if (c != '\r' || quoted)
      lines.back().back() += c;
  }
  lines.pop_back();
  return lines;
}

// One run, looked at from all sides: what it costs is the worker's start.
TEST_F(Verbs, AStudyRunsIsReportedAndIsNotRunAgain) {
  write("study.toml", kSmallStudy);
  const Ended before = run({"plan", "study.toml"});
  EXPECT_EQ(before.status, 0) << before.err;
  EXPECT_THAT(before.out, AllOf(HasSubstr("study \"small\": 8 points with their seeds, 8 cells\n"),
                                HasSubstr("8 cells to train, 0 done")));
  EXPECT_THAT(before.out, HasSubstr("new; after what it starts from"));
  EXPECT_THAT(before.out, AllOf(HasSubstr("\nas points "), HasSubstr("\nshare-prefixes "), HasSubstr("\nplace ")));
  EXPECT_THAT(run({"plan", "study.toml", "--without", "share-prefixes,place"}).out,
              AllOf(ContainsRegex("\nshare-prefixes .* off\n"), ContainsRegex("\nplace .* off\n")));
  const Ended unknown = run({"run", "study.toml", "--without", "share"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.err, HasSubstr("there are share-prefixes, batch-heads, place"));
  EXPECT_EQ(run({"plan", "study.toml", "--taps", "much"}).status, 2);
  EXPECT_FALSE(std::filesystem::exists(folder() / "results")) << "plan writes nothing";

  const Ended first = run({"run", "study.toml", "--workers", "1"});
  ASSERT_EQ(first.status, 0) << first.err;
  EXPECT_THAT(first.err, StartsWith("study \"small\": 8 cells, 8 to train on 1 worker\n"));
  EXPECT_THAT(first.err, HasSubstr("[8/8] "));
  EXPECT_THAT(first.err, AllOf(Not(HasSubstr("\r")), Not(HasSubstr("\033")))) << "no terminal: plain lines";
  EXPECT_THAT(first.out, AllOf(HasSubstr("test accuracy %"), HasSubstr(" ± "), HasSubstr("feature_extraction"),
                               HasSubstr("8 cells trained in "), HasSubstr("; 8 of 8 are done\n")));

  const Ended second = run({"run", "study.toml"});
  EXPECT_EQ(second.status, 0);
  EXPECT_EQ(second.err, "");
  EXPECT_THAT(second.out, HasSubstr("nothing to do: 8 of 8 cells are done\n"));
  EXPECT_EQ(value("SELECT count(*) FROM runs"), 8);
  EXPECT_THAT(run({"plan", "study.toml"}).out, HasSubstr("0 cells to train, 8 done"));

  // The same cells under another study's name, and written otherwise: known.
  const Ended other =
      run({"plan", "study.toml", "--set", "study.name=\"other\"", "--set", "stage.pretrain.train.lr=2e-2"});
  EXPECT_THAT(other.out, HasSubstr("0 cells to train, 8 done"));

  const Json status = Json::parse(run({"status", "--format", "json"}).out);
  ASSERT_EQ(status.size(), 2u);
  EXPECT_EQ(status[1]["stage"], "transfer");
  EXPECT_EQ(status[1]["done"], 6);
  EXPECT_EQ(run({"status", "smal"}).status, 2);

  const auto csv = fields(run({"runs", "--format", "csv"}).out);
  const Json runs = Json::parse(run({"runs", "--format", "json"}).out);
  ASSERT_EQ(csv.size(), 9u);
  ASSERT_EQ(runs.size(), 8u);
  for (std::size_t r = 0; r < runs.size(); ++r)
    for (std::size_t c = 0; c < csv[0].size(); ++c) {
      const Json& field = runs[r][csv[0][c]];
      EXPECT_EQ(field.is_number() ? Json::parse(csv[r + 1][c]) : Json(csv[r + 1][c]),
                field.is_null() ? Json("") : field);
    }
  EXPECT_EQ(fields(run({"runs", "--limit", "3", "--format", "csv"}).out).size(), 4u);
  EXPECT_EQ(fields(run({"runs", "--state", "failed", "--format", "csv"}).out).size(), 1u);

  const std::string cell = runs[0]["cell"];
  const Ended shown = run({"show", cell.substr(0, 6)});
  EXPECT_EQ(shown.status, 0);
  for (const char* part : {"configuration", "attempts", "curves", "weights", "provenance", "\"momentum\": 0.9"})
    EXPECT_THAT(shown.out, HasSubstr(part));
  const Json all = Json::parse(run({"show", cell, "--format", "json"}).out);
  EXPECT_EQ(all["config"]["train"]["settings"]["epochs"], 4);
  EXPECT_EQ(all["curves"].size(), 4u);
  EXPECT_EQ(all["provenance"]["threads"], 1);
  EXPECT_EQ(fields(run({"show", cell, "--format", "csv"}).out).size(), 5u);
  EXPECT_EQ(fields(run({"show", "small/transfer", "--format", "csv"}).out).size(), 7u);
  EXPECT_EQ(run({"show", "ffffffffffff"}).status, 2);

  EXPECT_THAT(run({"query", "SELECT 1 AS one, 'a,b' AS two"}).out, HasSubstr("one  two\n  1  a,b\n"));
  for (const char* sql : {"DELETE FROM run", "DROP VIEW runs", "ATTACH 'x.db' AS x", "CREATE TABLE t (x)"}) {
    const Ended refused = run({"query", sql});
    EXPECT_NE(refused.status, 0) << sql;
    EXPECT_NE(refused.err, "");
  }
  EXPECT_FALSE(std::filesystem::exists(folder() / "x.db"));
  EXPECT_EQ(value("SELECT count(*) FROM runs"), 8);
  EXPECT_THAT(run({"query", "SELECT nothing FROM runs"}).err, HasSubstr("nothing"));

  const Json compared = Json::parse(run({"run", "study.toml", "--format", "json"}).out);
  ASSERT_EQ(compared.size(), 4u);
  EXPECT_EQ(compared[0]["n"], 2);
}

}  // namespace
}  // namespace cambium::test
