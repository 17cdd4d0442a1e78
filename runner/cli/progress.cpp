#include "cli/progress.h"

#include <fmt/format.h>

#include "report/text.h"

namespace cambium {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};
constexpr const char* kRed = "\033[31m";
constexpr const char* kPlain = "\033[0m";

}  // namespace

Progress::Progress(const Plan& plan, const Store& store, bool quiet)
    : plan_(plan), store_(store), quiet_(quiet), terminal_(Terminal::standard_error()), names_(plan) {}

Progress::~Progress() { clear(); }

double Progress::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

/// The coordinator tells of the plan's own cells.
std::size_t Progress::index(const Cell& cell) const { return static_cast<std::size_t>(&cell - plan_.cells.data()); }

void Progress::begin(const Plan& plan, const std::vector<Work>& work, int workers) {
  pace_ = Pace(plan, work);
  std::int64_t to_train = 0, to_measure = 0;
  for (std::size_t i = 0; i < work.size(); ++i) {
    if (!work[i].measures.empty()) ++to_measure;
    std::string held;
    for (const std::size_t m : work[i].held_measures)
      held += (held.empty() ? "" : ", ") + label(plan.cells[i].measures[m]);
    if (!held.empty()) unmeasured_.push_back({i, held + ": " + work[i].held_reason});
    if (work[i].action == Work::Action::Train) {
      ++to_train;
      continue;
    }
    ++over_;
    if (work[i].action == Work::Action::Hold) held_.push_back({i, work[i].reason});
  }
  if (to_train + to_measure == 0) return;
  line(fmt::format("study \"{}\": {}, {} to train{} on {}\n", plan.name,
                   counted(static_cast<std::int64_t>(work.size()), "cell"), to_train,
                   to_measure > 0 ? fmt::format(" and {} to measure", to_measure) : "", counted(workers, "worker")));
}

void Progress::started(const Cell& cell) {
  latest_ = index(cell);
  running_[latest_] = 0;
  live();
}

void Progress::epoch(const Cell& cell, std::int64_t epoch, double) {
  latest_ = index(cell);
  running_[latest_] = epoch;
  pace_.epoch(latest_, epoch);
  live();
}

void Progress::noted(const Cell& cell, const std::string& note) {
  line(fmt::format("{}: {}\n", names_(index(cell)), one_line(note)));
  live();
}

void Progress::ended(const Cell& cell, RunState state, const std::string& error) {
  const std::size_t at = index(cell);
  running_.erase(at);
  if (state == RunState::Interrupted) return;
  pace_.ended(at);
  ++over_;
  const std::string head = fmt::format("[{}/{}] {}: ", over_, plan_.cells.size(), names_(at));
  if (state == RunState::Done) {
    ++trained_;
    if (!terminal_.live) line(head + result(cell) + "\n");
  } else {
    const bool skipped = state == RunState::Skipped;
    (skipped ? skipped_ : failed_).push_back({at, error});
    const std::string word = skipped ? "skipped" : "failed";
    line(head + (terminal_.colour ? kRed + word + kPlain : word) + ": " + one_line(error) + "\n");
  }
  live();
}

void Progress::silent(const Cell& cell, const std::string& what) {
  notice(fmt::format("{}: {}; --time-limit ends such a cell", names_(index(cell)), what));
}

void Progress::notice(const std::string& what) {
  line(what + "\n");
  live();
}

void Progress::measuring(const Cell&) { live(); }

void Progress::measured(const Cell& cell, const std::map<std::string, std::string>& errors) {
  const std::size_t at = index(cell);
  std::map<std::string, std::string> measures;  // by what went wrong: one cause is told once
  for (const auto& [measure, error] : errors) measures[error] += (measures[error].empty() ? "" : ", ") + measure;
  for (const auto& [error, names] : measures) {
    const std::string head = names_(at) + ": ";
    if (error.empty()) {
      if (!terminal_.live) line(head + "measured " + names + "\n");
      continue;
    }
    unmeasured_.push_back({at, names + ": " + error});
    line(head + (terminal_.colour ? kRed + std::string("not measured") + kPlain : "not measured") + ": " + names +
         ": " + one_line(error) + "\n");
  }
  live();
}

/// "81.23 %, 12.3 s", as much of it as is known.
std::string Progress::result(const Cell& cell) const {
  if (quiet_) return "";
  const std::vector<Field> identity = {cell.identity};
  const Table table = store_.query(
      "SELECT test_accuracy, seconds FROM runs WHERE identity = ? ORDER BY attempt DESC LIMIT 1", identity);
  if (table.rows.empty()) return "done";
  const auto* accuracy = std::get_if<double>(&table.rows[0][0]);
  const auto* seconds = std::get_if<double>(&table.rows[0][1]);
  return fmt::format("{}{}", accuracy ? fmt::format("{:.2f} %", 100 * *accuracy) : "done",
                     seconds ? ", " + duration(*seconds) : "");
}

void Progress::line(const std::string& text) {
  if (quiet_) return;
  clear();
  tell(text);
}

void Progress::live() {
  const auto now = std::chrono::steady_clock::now();
  if (quiet_ || !terminal_.live || now - drawn_ < kRedraw) return;
  drawn_ = now;
  std::string text = fmt::format("{}/{}", over_, plan_.cells.size());
  if (const auto running = running_.find(latest_); running != running_.end())
    text += fmt::format("  {}, epoch {}/{}", names_(latest_), running->second,
                        plan_.cells[latest_].train->settings.integer("epochs"));
  if (!failed_.empty()) text += fmt::format("  {} failed", failed_.size());
  std::string rate;
  if (trained_ > 0) rate += fmt::format("  {:.3g} cells/min", static_cast<double>(trained_) / seconds() * 60);
  if (const double left = pace_.left(seconds()); left >= 0) rate += fmt::format("  {} left", duration(left));
  // Of a long line the cell's name gives way, not the time left.
  const std::size_t width = Terminal::width() - 1, tail = display_width(rate);
  tell("\r" + (tail < width ? shorten(text, width - tail) + rate : shorten(text, width)) + "\033[K");
  shown_ = true;
}

void Progress::clear() {
  if (shown_) tell("\r\033[K");
  shown_ = false;
}

}  // namespace cambium
