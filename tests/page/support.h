#pragma once

#include <fmt/format.h>

#include "page/page.h"
#include "store/support.h"

namespace cambium::test {

/// A study of the layer study's shape: a base network, and two arms that are cut at 1, 2 and 3, on two seeds each.
class PageTest : public StoreTest {
 protected:
  void fill(Store& store, const std::string& name = "layers", const std::string& arm = "AnB") {
    StudyRecord record{
        name, name + ".toml", "# file: x.toml\n# How transferable?\n#\n# Data: none.\n[study]\n", {}, {}};
    record.baseline = "base";
    int number = 0;
    for (std::int64_t seed = 0; seed < 2; ++seed) add(record, ++number, seed, "base", "base", "{}", "base");
    for (int cut = 1; cut <= 3; ++cut)
      for (const std::string& one : {arm, std::string("random")})
        for (std::int64_t seed = 0; seed < 2; ++seed)
          add(record, ++number, seed, "transfer", one, fmt::format(R"({{"strategy.cut":{}}})", cut),
              fmt::format("{}, cut={}", one, cut));
    store.put_study(record);
    for (int i = 1; i <= number; ++i) run(store, i, 0.9 - 0.02 * i - 0.001 * (i % 3));
  }

  static void add(StudyRecord& record, int number, std::int64_t seed, const std::string& stage, const std::string& name,
                  const std::string& factors, const std::string& label) {
    record.cells.push_back(cell(number, seed, label, "scratch"));
    record.cells.back().config = fmt::format(R"({{"train":{{"settings":{{"lr":0.1,"width":{}}}}}}})", number % 5);
    record.entries.push_back({identity(number), stage, label, factors, name, factors});
  }

  void run(Store& store, int number, double accuracy) {
    const std::string id = identity(number);
    const std::int64_t attempt = store.begin_run(id);
    const auto events = folder / fmt::format("{}.jsonl", number);
    std::string text = started();
    for (int i = 1; i <= 4; ++i)
      text += epoch(i, i, fmt::format(R"("train_accuracy":{},"train_loss":{})", 0.2 * i, 2.0 / i));
    write(events, text + finished(5, fmt::format(R"("test_accuracy":{})", accuracy)));
    EXPECT_TRUE(store.ingest(id, attempt, events));
  }
};

}  // namespace cambium::test
