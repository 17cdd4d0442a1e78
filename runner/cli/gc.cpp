#include <fmt/format.h>

#include <CLI/App.hpp>
#include <map>
#include <memory>
#include <optional>

#include "cambium/cache.h"
#include "cambium/error.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "exec/garbage.h"
#include "report/text.h"

namespace cambium {
namespace {

constexpr const char* kFooter = R"(Examples:
  cambium gc                                       what may go, and how much that frees; nothing is touched
  cambium gc --files --format csv                  each file of it
  cambium gc --delete
  cambium gc --delete --days 0                     answers and decoded images too that were used today
Results stay: event files, selections, what measures wrote and everything in the database. Weights go that no study keeps
([study] weights = "sources", or a cell that no study has any more) and that nothing starts from. Not while a run is at the
database.)";

struct Options {
  std::filesystem::path db = "results/cambium.db";
  Format format = Format::Table;
  double days = 30;
  bool remove = false, files = false;
};

std::string size_text(std::uintmax_t bytes) {
  const char* unit = "B";
  double size = double(bytes);
  for (const char* next : {"KB", "MB", "GB", "TB"}) {
    if (size < 1000) break;
    size /= 1000;
    unit = next;
  }
  return fmt::format("{:.3g} {}", size, unit);
}

Table by_kind(const std::vector<Garbage>& garbage) {
  std::map<Garbage::Kind, std::pair<std::int64_t, std::int64_t>> kinds;
  for (const Garbage& one : garbage) {
    ++kinds[one.kind].first;
    kinds[one.kind].second += std::int64_t(one.bytes);
  }
  Table table{{"what", "files", "bytes", "why"}, {}};
  for (const auto& [kind, sum] : kinds)
    table.rows.push_back({std::string(to_string(kind)), sum.first, sum.second, std::string(reason(kind))});
  return table;
}

Table by_file(const std::vector<Garbage>& garbage) {
  Table table{{"what", "bytes", "path"}, {}};
  for (const Garbage& one : garbage)
    table.rows.push_back({std::string(to_string(one.kind)), std::int64_t(one.bytes), one.path.string()});
  return table;
}

std::uintmax_t bytes_of(const std::vector<Garbage>& garbage) {
  std::uintmax_t bytes = 0;
  for (const Garbage& one : garbage) bytes += one.bytes;
  return bytes;
}

int gc(const Options& options) {
  Store(options.db, Store::Mode::Read);  // what is no database gets no lock file beside it
  const StoreLock lock(options.db, "gc");
  Store store(options.db, options.remove ? Store::Mode::Write : Store::Mode::Read);
  const auto garbage = find_garbage(store, cache_folder(), options.days);
  const auto left = options.remove ? remove_garbage(store, garbage) : std::vector<Garbage>{};
  const Table rows = options.files ? by_file(garbage) : by_kind(garbage);
  if (options.format != Format::Table || !garbage.empty()) print(rows, options.format);
  const std::string files = counted(std::int64_t(garbage.size() - left.size()), "file");
  std::string told =
      garbage.empty() ? "nothing may go\n"
      : options.remove
          ? fmt::format("{} removed: {} free\n", files, size_text(bytes_of(garbage) - bytes_of(left)))
          : fmt::format("{} may go, which frees {}; --delete removes them\n", files, size_text(bytes_of(garbage)));
  if (options.format == Format::Table)
    print((garbage.empty() ? "" : "\n") + told);
  else
    tell(told);
  if (left.empty()) return 0;
  throw Error(ErrorKind::System,
              fmt::format("{} could not be removed, {} among them", counted(std::int64_t(left.size()), "file"),
                          left.front().path.string()),
              "see who owns them");
}

}  // namespace

void add_gc(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("gc", "tells which files may go and how much that frees, and removes them");
  verb->add_flag("--delete", options->remove, "removes them");
  verb->add_flag("--files", options->files, "a row a file");
  verb->add_option("--days", options->days, "answers and decoded images go that nobody used for so long (default: 30)")
      ->type_name("N")
      ->check(CLI::Range(0.0, 1e6).description(""));
  add_db(*verb, options->db);
  add_format(*verb, options->format);
  verb->footer(kFooter);
  verb->callback([&action, options] { action = [options] { return gc(*options); }; });
}

}  // namespace cambium
