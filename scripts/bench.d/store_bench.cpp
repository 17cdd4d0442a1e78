// Times the store, in a folder of its own that it removes. Prints "what: milliseconds", one a line;
// `store_bench ingest EVENTS` files one event file and prints nothing.

#include <fmt/format.h>
#include <stdlib.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "store/store.h"

namespace {

using cambium::Store;

struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "cambium-bench-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder can be made");
    path = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

template <class Action>
void time(const char* what, int times, Action&& action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
  fmt::print("{}: {:.2f}\n", what, spent.count() / times);
}

/// A study of `arms` arms with ten seeds each, configurations of about 1 KB.
cambium::StudyRecord study(const std::string& name, int arms) {
  cambium::StudyRecord record{name, name + ".toml", "[study]\nname = \"" + name + "\"\n", {}, {}};
  const std::string filler(800, 'x');
  for (int i = 0; i < arms * 10; ++i) {
    cambium::CellRecord cell;
    // Spread as hashes are, so that the index is filled in no order.
    cell.identity = fmt::format("{:016x}{:048x}", static_cast<std::uint64_t>(i + 1) * 0x9e3779b97f4a7c15U, i);
    cell.group = fmt::format("{:064x}", i / 10);
    cell.seed = i % 10;
    cell.backbone = "cnn7", cell.dataset = "idx", cell.strategy = "full_finetuning";
    cell.config = fmt::format(R"({{"train": {{"lr": {}}}, "data": {{"note": "{}"}}}})", i / 10, filler);
    cell.trainable = cell.total = 100000;
    record.entries.push_back({cell.identity, "transfer", fmt::format("lr = {}", i / 10),
                              fmt::format(R"({{"train.lr": {}}})", i / 10), "arm",
                              fmt::format(R"({{"train.lr": {}}})", i / 10)});
    record.cells.push_back(std::move(cell));
  }
  return record;
}

void write_events(const std::filesystem::path& file, int epochs) {
  std::ofstream out(file);
  out << R"({"seq": 0, "type": "started", "time": 1.0, "provenance": {"torch": "1.13.1"}})" << '\n';
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    out << fmt::format(
               R"({{"seq": {0}, "type": "epoch", "epoch": {0}, "time": 1764000000.5, "seconds": {0}, "metrics": {{"train_loss": {1}, "train_accuracy": {1}, "lr": {1}, "val_loss": {1}, "val_accuracy": {1}}}}})",
               epoch, 1.0 / epoch)
        << '\n';
  }
  out << fmt::format(
             R"({{"seq": {}, "type": "finished", "time": 2.0, "seconds": 1.0, "metrics": {{"test_accuracy": 0.9}}, "weights": []}})",
             epochs + 1)
      << '\n';
}

void bench(const std::filesystem::path& folder) {
  const auto events = folder / "events.jsonl";
  Store store(folder / "bench.db", Store::Mode::Write);
  const cambium::StudyRecord large = study("large", 10000);
  time("enter a study of 100,000 cells", 1, [&] { store.put_study(large); });
  time("enter it again unchanged", 1, [&] { store.put_study(large); });

  write_events(events, 200000);
  const std::string& first = large.cells.front().identity;
  store.begin_run(first);
  time("ingest 1,000,000 points", 1, [&] { store.ingest(first, 1, events); });

  write_events(events, 1);
  time("begin, ingest and end a cell, over 500", 500, [&] {
    for (std::size_t i = 1; i <= 500; ++i) {
      const std::string& cell = large.cells[i].identity;
      const std::int64_t attempt = store.begin_run(cell);
      store.ingest(cell, attempt, events);
      store.end_run(cell, attempt, cambium::RunState::Done, cambium::FailureKind::None, "", "");
    }
  });
  store.begin();
  for (std::size_t i = 501; i < large.cells.size(); ++i) {
    store.end_run(large.cells[i].identity, store.begin_run(large.cells[i].identity), cambium::RunState::Done,
                  cambium::FailureKind::None, "", "");
  }
  store.commit();
  time("statuses of 100,000 cells", 1, [&] { store.statuses(); });
  time("the leaderboard of 10,000 arms", 1, [&] { store.query("SELECT * FROM leaderboard"); });
  time("open to read, and count", 1,
       [&] { Store(folder / "bench.db", Store::Mode::Read).query("SELECT count(*) FROM study"); });
}

/// Files one event file of a cell in a new database, and nothing else.
void ingest(const std::filesystem::path& folder, const std::filesystem::path& events) {
  Store store(folder / "bench.db", Store::Mode::Write);
  const cambium::StudyRecord small = study("small", 1);
  store.put_study(small);
  const std::string& cell = small.cells.front().identity;
  store.ingest(cell, store.begin_run(cell), events);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Folder folder;
    if (argc == 3 && argv[1] == std::string("ingest"))
      ingest(folder.path, argv[2]);
    else
      bench(folder.path);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "store_bench: {}\n", error.what());
    return 1;
  }
}
