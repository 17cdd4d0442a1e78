#include "report/paired.h"

#include <gmock/gmock.h>

#include "report/comparison.h"
#include "store/support.h"

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class PairedReport : public StoreTest {
 protected:
  void arm(const std::string& name, const std::vector<double>& accuracies, const std::string& stage = "transfer",
           const std::string& axes = "", const std::string& strategy = "copy") {
    std::int64_t seed = 0;
    for (const double accuracy : accuracies) {
      const int number = static_cast<int>(record.cells.size()) + 1;
      record.cells.push_back(cell(number, seed++, name, strategy));
      record.entries.push_back({identity(number), stage, name, axes.empty() ? "{\"x\":\"" + name + "\"}" : axes,
                                name.substr(0, name.find(", ")), axes.empty() ? "{}" : axes});
      values.push_back(accuracy);
    }
  }
  /// Enters the study; accuracies below 0 are left to run.
  void enter() {
    store.put_study(record);
    for (std::size_t i = 0; i < values.size(); ++i)
      if (values[i] >= 0) finish(store, record.cells[i].identity, folder, values[i]);
  }
  std::string text(const std::string& baseline = "", const std::string& stage = "") {
    return paired_text(store, "s", find_baseline(store, "s", baseline, stage));
  }
  std::string usage_error(const std::string& baseline, const std::string& stage) {
    try {
      find_baseline(store, "s", baseline, stage);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Usage);
      return error.message() + " | " + error.hint();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
  }

  StudyRecord record{"s", "s.toml", "text", {}, {}};
  std::vector<double> values;
  Store store{db(), Store::Mode::Write};
};

TEST_F(PairedReport, FindsTheBaselineByItsRule) {
  arm("base", {0.5}, "pretrain", "", "from_scratch");
  arm("copy", {0.5});
  arm("scratch", {0.5}, "transfer", "", "from_scratch");
  enter();
  EXPECT_EQ(find_baseline(store, "s", "", "").arm, "scratch");
  EXPECT_EQ(find_baseline(store, "s", "", "").compared, "transfer");
  EXPECT_EQ(find_baseline(store, "s", "", "pretrain").arm, "base");
  EXPECT_EQ(find_baseline(store, "s", "base", "").stage, "pretrain");
  EXPECT_EQ(find_baseline(store, "s", "pretrain/base", "").arm, "base");
  record.baseline = "copy";
  store.put_study(record);
  EXPECT_EQ(find_baseline(store, "s", "", "").arm, "copy");
  EXPECT_EQ(find_baseline(store, "s", "scratch", "").arm, "scratch");
}

TEST_F(PairedReport, RefusesABaselineThatNoCellHas) {
  arm("full_finetuning", {0.5});
  enter();
  EXPECT_THAT(usage_error("full_finetunin", ""),
              AllOf(HasSubstr("no cell is of arm \"full_finetunin\""), HasSubstr("did you mean \"full_finetuning\"?")));
  EXPECT_THAT(usage_error("", "transfe"), HasSubstr("did you mean \"transfer\"?"));
  record.baseline = "gone";
  store.put_study(record);
  EXPECT_THAT(usage_error("", ""), HasSubstr("there is full_finetuning"));
}

TEST_F(PairedReport, SaysWhatItShowsAndWhatItDoesNot) {
  arm("base", {0.50, 0.51, 0.52, 0.53});
  // Differences 10, 10.2, 9.9, 10.3: mean 10.1, sd sqrt(0.1 / 3), half 3.182446 * 0.0913 = 0.2905; worse is 20 less.
  arm("better", {0.60, 0.612, 0.619, 0.633});
  arm("worse", {0.40, 0.412, 0.419, 0.433});
  arm("alike", {0.52, 0.50, 0.53, 0.51});
  arm("unsure", {0.52, 0.54, 0.535, 0.54});  // 2, 3, 1.5, 1: t = 4.39, p = 0.0218, times 3 = 0.0653
  arm("halted", {0.6, -1, -1, -1});
  enter();
  const std::string told = text("base");
  EXPECT_THAT(told, HasSubstr("better  4           +10.10  +9.81 to +10.39"));
  EXPECT_THAT(told, HasSubstr("halted  1 of 4"));
  EXPECT_THAT(told, HasSubstr("5 arms compared with base, 4 tested on 4 pairs each"));
  EXPECT_THAT(told, HasSubstr("correction for all 5, 2 differ"));
  EXPECT_THAT(told, HasSubstr("Above: better by 10.10 (9.81 to 10.39)."));
  EXPECT_THAT(told, HasSubstr("Below: worse by 9.90 (9.61 to 10.19)."));
  EXPECT_THAT(told, HasSubstr("Negative transfer by its own interval, not corrected: worse."));
  EXPECT_THAT(told, HasSubstr("does not outlast the correction: unsure."));
  EXPECT_THAT(told, HasSubstr("No difference was resolved for alike,"));
  EXPECT_THAT(told, HasSubstr("Not tested: halted (1 pair)."));
  EXPECT_THAT(told, HasSubstr("3 pairs are missing"));
  EXPECT_THAT(told, HasSubstr("With 4 pairs an interval leans on"));
}

TEST_F(PairedReport, ShowsLayersWhereThereIsACut) {
  const auto axes = [](int cut) { return fmt::format(R"({{"strategy.cut":{}}})", cut); };
  arm("base", {0.6, 0.7}, "transfer", "{}");
  for (const int cut : {2, 10, 1}) arm(fmt::format("BnB, cut={}", cut), {0.5, 0.51}, "transfer", axes(cut));
  arm("AnB, cut=2", {0.4, -1}, "transfer", axes(2));
  enter();
  const std::string told = text("base");
  EXPECT_THAT(told, HasSubstr("cut  BnB           AnB\n  1  50.50 ± 6.35  -\n  2  50.50 ± 6.35  40.00 *\n 10  50.50"));
  EXPECT_THAT(told, HasSubstr("*: cells are missing in this mean"));
}

TEST_F(PairedReport, EndsTheComparisonOfAStudyThatNamesABaseline) {
  arm("base", {0.5, 0.6});
  arm("copy", {0.6, 0.8});
  enter();
  EXPECT_THAT(comparison_text(store, "s"), Not(HasSubstr("What it shows")));
  record.baseline = "base";
  store.put_study(record);
  EXPECT_THAT(comparison_text(store, "s"), AllOf(HasSubstr("differences from base"), HasSubstr("What it shows")));
}

TEST_F(PairedReport, TellsOfArmsWithoutAPair) {
  arm("base", {0.5, 0.6});
  arm("copy", {0.5, 0.61});
  arm("alone", {0.5});
  record.entries.back().replicate = R"({"data.split":4})";
  enter();
  EXPECT_THAT(text("base"), HasSubstr("Without a pair of equal replicate and seed: alone."));
  EXPECT_THAT(text("alone"), HasSubstr("nothing was compared"));
}

}  // namespace
}  // namespace cambium::test
