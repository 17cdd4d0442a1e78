#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/App.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "cambium/error.h"
#include "cli/cells.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "report/cell_report.h"
#include "weights/export.h"

namespace cambium {
namespace {

constexpr const char* kFooter = R"(Examples:
  cambium export weights 3f2a91 --to networks                      networks/3f2a91c04d12.last.pth, for torch.load
  cambium export weights 3f2a91 --to networks --kind best          the best epoch on validation data
  cambium export weights 3f2a91 --to networks --format safetensors
A card, FILE.card.json, is written beside it. docs/weights.md tells what it holds, and how to load the file in Python.)";

struct Options {
  std::string cell, kind = "last", format = "pth";
  std::filesystem::path to, db = "results/cambium.db";
};

/// Row of `table` as text by column.
std::map<std::string, std::string> row_of(const Table& table, std::size_t row) {
  std::map<std::string, std::string> texts;
  for (std::size_t c = 0; c < table.columns.size(); ++c)
    if (const auto* text = std::get_if<std::string>(&table.rows[row][c])) texts[table.columns[c]] = *text;
  return texts;
}

int export_cell(const Options& options) {
  const Store store(options.db, Store::Mode::Read);
  const std::string cell = find_cell(store, options.cell);
  const CellReport report = cell_report(store, cell);
  const std::string digits = cell.substr(0, 12);
  std::vector<std::string> kinds;
  for (std::size_t row = 0; row < report.weights.rows.size(); ++row) {
    const auto file = row_of(report.weights, row);
    kinds.push_back(file.at("kind"));
    if (kinds.back() != options.kind) continue;
    WeightsExport job;
    job.source = file.at("path");
    job.sha256 = file.at("sha256");
    job.to = options.to / fmt::format("{}.{}.{}", digits, options.kind, options.format);
    job.study = report.places.rows.empty() ? std::map<std::string, std::string>() : row_of(report.places, 0);
    export_weights(job);
    print(fmt::format("{}\n{}\n", job.to.string(), card_path(job.to).string()));
    return 0;
  }
  if (kinds.empty())
    throw Error(
        ErrorKind::Usage, fmt::format("cell {} has kept no weights", digits),
        fmt::format("`cambium show {}` tells how far it is; a study with weights = \"sources\" keeps only those "
                    "that others start from",
                    digits));
  throw Error(ErrorKind::Usage, fmt::format("cell {} has kept no {} weights", digits, options.kind),
              "best is kept where a study holds out validation data; take --kind " + kinds.front());
}

/// Takes one of `choices` into `value`.
void add_choice(CLI::App& verb, const char* name, std::string& value, std::vector<std::string> choices,
                const char* doc) {
  verb.add_option_function<std::string>(
          name,
          [&value, name, choices](const std::string& given) {
            if (std::find(choices.begin(), choices.end(), given) == choices.end())
              throw Error(ErrorKind::Usage, fmt::format("{} {}: there is no such", name, given),
                          fmt::format("take {}", fmt::join(choices, " or ")));
            value = given;
          },
          doc)
      ->type_name("WORD");
}

}  // namespace

void add_export(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("export", "writes a trained network for use elsewhere");
  verb->require_subcommand(1);
  CLI::App* weights = verb->add_subcommand("weights", "a cell's network as .pth or safetensors, with a card beside it");
  weights->add_option("CELL", options->cell, "the first digits of a cell's identity")->required();
  weights->add_option("--to", options->to, "the folder to write into; made if absent")->type_name("DIR")->required();
  add_choice(*weights, "--format", options->format, {"pth", "safetensors"}, "pth (default) or safetensors");
  add_choice(*weights, "--kind", options->kind, {"last", "best"}, "last epoch (default) or best on validation data");
  add_db(*weights, options->db);
  weights->footer(kFooter);
  weights->callback([&action, options] { action = [options] { return export_cell(*options); }; });
}

}  // namespace cambium
