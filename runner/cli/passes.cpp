#include "cli/passes.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <cmath>

#include "cambium/error.h"
#include "exec/control_group.h"
#include "exec/rates.h"
#include "report/text.h"

namespace cambium {
namespace {

/// "8G", "500M", "0".
double read_size(const std::string& text, const std::string& option) {
  double number = 0;
  std::size_t end = 0;
  try {
    number = std::stod(text, &end);
  } catch (const std::exception&) {
    end = 0;
  }
  static const std::string kUnits = "KMGT";
  const auto unit = end + 1 == text.size() ? kUnits.find(text[end]) : std::string::npos;
  if (end == 0 || number < 0 || !std::isfinite(number) || (end != text.size() && unit == std::string::npos))
    throw Error(ErrorKind::Usage, fmt::format("{} {}: is no size", option, text),
                "write it as 8G, 500M, or 0 for none");
  return end == text.size() ? number : number * std::pow(1000, double(unit) + 1);
}

std::string operations(double number) {
  return number < 1e6 ? fmt::format("{:.0f}", number) : fmt::format("{:.3g}", number);
}

std::string bytes(double number) {
  if (number == 0) return "";
  for (const char* unit : {"B", "KB", "MB"}) {
    if (number < 1000) return fmt::format("{:.3g} {}", number, unit);
    number /= 1000;
  }
  return fmt::format("{:.3g} GB", number);
}

std::vector<std::string> row(const std::string& name, const Amount& amount, const std::string& what) {
  return {
      name, std::to_string(amount.jobs), duration(amount.seconds), operations(amount.operations), bytes(amount.bytes),
      what};
}

}  // namespace

PassSettings PassOptions::settings() const {
  PassSettings settings;
  for (const std::string& list : without) settings.without.merge(read_passes(list));
  settings.workers = workers;
  settings.threads = threads;
  settings.cpus = usable_cpus();
  settings.taps_bytes = read_size(taps, "--taps");
  settings.rates = read_rates();
  return settings;
}

void add_passes(CLI::App& verb, PassOptions& options) {
  verb.add_option("--without", options.without,
                  "leaves passes out: share-prefixes, batch-heads, place; a list, again and again")
      ->type_name("PASSES")
      ->allow_extra_args(false);
  verb.add_option("--taps", options.taps,
                  "what frozen layers give is kept beside the database, up to so much (default: 8G; 0: none)")
      ->type_name("SIZE");
  verb.add_option("--workers", options.workers, "training processes (default: one a processor that may be used)")
      ->type_name("N")
      ->check(CLI::Range(1, 1024).description(""));
  verb.add_option("--threads", options.threads,
                  "threads of each (default: 1, or more where a study has fewer cells than there are processors); "
                  "numbers are the same for the same number of threads")
      ->type_name("N")
      ->check(CLI::Range(1, 1024).description(""));
}

std::string passes_text(const Passed& passed) {
  if (passed.lines.empty() || passed.lines.front().before.jobs == 0) return "";
  std::vector<std::vector<std::string>> rows = {row("as points", passed.lines.front().before, "")};
  for (const PassLine& line : passed.lines) rows.push_back(row(to_string(line.pass), line.after, line.what));
  return aligned({{"pass"}, {"jobs", true}, {"one core", true}, {"multiply-adds", true}, {"taps", true}, {""}}, rows) +
         "\n";
}

}  // namespace cambium
