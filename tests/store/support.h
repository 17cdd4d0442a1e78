#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "cambium/error.h"
#include "store/store.h"

namespace cambium::test {

/// A fresh folder, removed at the end; in memory where there is such a place, since each new database syncs its disk.
class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    const std::filesystem::path memory = "/dev/shm";
    const bool usable = access(memory.c_str(), W_OK) == 0;
    std::string name = ((usable ? memory : std::filesystem::temp_directory_path()) / "cambium-store-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder = name;
  }
  ~StoreTest() override {
    std::error_code ignored;
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, ignored);
    std::filesystem::remove_all(folder, ignored);
  }

  std::filesystem::path db() const { return folder / "x.db"; }
  /// The one value that `sql` gives.
  static Field value(const Store& store, const std::string& sql) {
    const Table table = store.query(sql);
    if (table.rows.size() != 1 || table.columns.size() != 1) {
      ADD_FAILURE() << table.rows.size() << " rows for " << sql;
      return {};
    }
    return table.rows[0][0];
  }
  static std::int64_t integer(const Store& store, const std::string& sql) {
    return std::get<std::int64_t>(value(store, sql));
  }
  static double real(const Store& store, const std::string& sql) { return std::get<double>(value(store, sql)); }
  static std::string text(const Store& store, const std::string& sql) {
    return std::get<std::string>(value(store, sql));
  }

  std::filesystem::path folder;
};

/// 64 digits, different from the first on.
inline std::string identity(int number) { return fmt::format("{:08x}{:056x}", number, number); }

inline CellRecord cell(int number, std::int64_t seed, const std::string& group,
                       const std::string& strategy = "scratch") {
  return {identity(number),
          group,
          seed,
          "cnn7",
          "idx",
          strategy,
          R"({"train":{"lr":0.01,"epochs":2,"optimizer":"sgd","nesterov":true}})",
          "",
          10,
          100};
}

/// One stage "transfer", one arm a group, in the order of `cells`.
inline StudyRecord study(const std::vector<CellRecord>& cells, const std::string& name = "s") {
  StudyRecord record{name, name + ".toml", "text of " + name, cells, {}};
  for (const CellRecord& one : cells) {
    record.entries.push_back({one.identity, "transfer", one.strategy,
                              fmt::format(R"({{"train.lr":0.01,"x":"{}"}})", one.group), one.strategy,
                              fmt::format(R"({{"x":"{}"}})", one.group)});
  }
  return record;
}

inline std::string started(int seq = 0) {
  return fmt::format(
      R"({{"seq":{},"type":"started","time":100.5,"resumed_epoch":0,"trainable":11,"total":101,"train_images":50,"selection":"abc","provenance":{{"torch":"1.13.1","threads":1}}}})"
      "\n",
      seq);
}
inline std::string epoch(int seq, int epoch, const std::string& metrics) {
  return fmt::format(R"({{"seq":{},"type":"epoch","epoch":{},"time":101,"seconds":{},"metrics":{{{}}}}})"
                     "\n",
                     seq, epoch, epoch * 0.5, metrics);
}
inline std::string finished(int seq, const std::string& metrics) {
  return fmt::format(
      R"({{"seq":{},"type":"finished","time":110,"seconds":7.5,"metrics":{{{}}},"weights":[{{"kind":"last","path":"w.last","sha256":"ff","bytes":12}}]}})"
      "\n",
      seq, metrics);
}
inline std::string failed(int seq) {
  return fmt::format(
      R"({{"seq":{},"type":"failed","time":120,"seconds":1.5,"kind":"diverged","message":"the loss is NaN","hint":"lower lr"}})"
      "\n",
      seq);
}

inline void write(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}
inline void append(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary | std::ios::app) << text;
}
inline std::string read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Runs an attempt that finishes with `test_accuracy`.
inline void finish(Store& store, const std::string& id, const std::filesystem::path& folder, double test_accuracy) {
  const std::int64_t attempt = store.begin_run(id);
  const auto events = folder / fmt::format("{}-{}.jsonl", id, attempt);
  write(events, started() + finished(1, fmt::format(R"("test_accuracy":{})", test_accuracy)));
  EXPECT_TRUE(store.ingest(id, attempt, events));
}

/// The Error{Store} that `action` throws, as "message | hint"; a failure if it throws none.
inline std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Store);
    return error.message() + " | " + error.hint();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

/// Runs `action` in a child process and returns its exit status: what `action` returns, 255 where it throws.
inline int in_child(const std::function<int()>& action) {
  const pid_t child = fork();
  if (child == 0) {
    try {
      _exit(action());
    } catch (const std::exception& error) {
      std::fprintf(stderr, "child: %s\n", error.what());
      _exit(255);
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// As somebody whom permissions bind: root becomes nobody.
inline void drop_privileges() {
  if (geteuid() == 0 && setuid(65534) != 0) throw std::runtime_error("setuid");
}

}  // namespace cambium::test
