#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <filesystem>
#include <fstream>
#include <memory>

#include "cambium/error.h"
#include "cambium/files.h"
#include "cambium/schema.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/studies.h"
#include "cli/verbs.h"
#include "page/draw.h"
#include "page/page.h"
#include "protocol/places.h"
#include "report/text.h"
#include "study/study.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFooter = R"(Examples:
  cambium report quickstart --db results/quickstart.db         writes quickstart.html
  cambium report experiments/layers.toml -o layers.html        the study's file, with [report] as it is now
  cambium report layers --metric test_loss --baseline base
  cambium report layers --figures paper --format pdf           each figure as a file of its own
  cambium report layers --spec factors-strategy.cut            what Vega-Lite is told, to be changed
The page needs no network and nothing beside it. docs/report.md tells what is in it and what [report] can say.)";

struct Options {
  std::string study, output, stage, baseline, metric, figures, format = "svg", spec;
  fs::path db = "results/cambium.db";
};

/// A file's name for a study of any name.
std::string file_for(const std::string& study) {
  std::string name;
  for (const char c : study)
    name += static_cast<unsigned char>(c) < 0x20 || std::string_view("/\\<>:\"|?*").find(c) != std::string_view::npos
                ? '_'
                : c;
  if (name.empty() || name[0] == '.' || name[0] == '-') name.insert(0, "_");
  return name.substr(0, 200) + ".html";
}

/// Whole or not at all where it is a file; as it comes where it is a pipe or a device.
void write_page(const fs::path& path, const std::string& page) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored))
    throw Error(ErrorKind::Usage, path.string() + " is a folder", "name a file: -o " + (path / "report.html").string());
  if (fs::exists(path, ignored) && !fs::is_regular_file(path, ignored)) {
    std::ofstream file(path, std::ios::binary);
    if (!(file << page << std::flush))
      throw Error(ErrorKind::System, path.string() + ": cannot be written to its end", "name a file after -o");
    return;
  }
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, ignored))
    throw Error(ErrorKind::Usage, fmt::format("{}: there is no folder {}", path.string(), folder.string()),
                "make it first, or name a file in one that is there");
  const fs::path real = fs::canonical(folder) / path.filename();
  write_file(fs::is_symlink(real, ignored) ? fs::canonical(real) : real, page);
}

/// The study's name, and what it says of its report: of its file where one is named, else of what was run.
std::pair<std::string, ReportWords> words_for(const Store& store, const std::string& study) {
  std::error_code ignored;
  const auto known = store.study(study);
  if (known || !study.ends_with(".toml") || !fs::is_regular_file(study, ignored)) {
    require_study(store, study);
    return {study, report_words(known->text)};
  }
  Problems problems;
  const Study read = read_study(study, {}, problems);
  if (problems.has_errors()) {
    tell(problems);
    throw Error(ErrorKind::Study, study + " is not right", "mend it, or name the study as the database knows it");
  }
  require_study(store, read.name);
  return {read.name, read.report};
}

int print_spec(const std::vector<page::Figure>& figures, const std::string& name) {
  std::vector<std::string> names;
  for (const page::Figure& figure : figures) {
    if (!figure.image.empty()) continue;
    names.push_back(figure.name);
    if (figure.name != name) continue;
    print(figure.spec.dump(2, ' ', false, page::Json::error_handler_t::replace) + "\n");
    return 0;
  }
  const auto near = suggestion(name, names);
  throw Error(ErrorKind::Usage, fmt::format("the report has no figure \"{}\"", name),
              near ? fmt::format("did you mean \"{}\"?", *near)
                   : fmt::format("it has {}", names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
}

int draw_figures(const std::vector<page::Figure>& figures, const page::Library& library, const Options& options) {
  if (library.python.empty())
    throw Error(ErrorKind::Usage, "figures cannot be drawn to files: Vega-Lite is not in this build",
                fmt::format("{} (`scripts/fetch_figures`, in the source's folder)", page::kBringsLibrary));
  const auto files = page::draw(figures, library, options.figures, options.format);
  for (const fs::path& file : files) print(file.string() + "\n");
  return 0;
}

int report(Options options) {
  const Store store(options.db, Store::Mode::Read);
  auto [name, words] = words_for(store, options.study);
  if (!options.metric.empty()) words.metric = options.metric;
  if (!options.stage.empty()) words.stage = options.stage;
  if (!options.baseline.empty()) words.baseline = options.baseline;
  const page::Facts facts = page::facts_of(store, name, words.metric, words.stage, words.baseline);
  const std::vector<page::Figure> figures = page::figures_of(facts, words);
  if (!options.spec.empty()) return print_spec(figures, options.spec);
  const page::Library library = page::find_library(program_folder() / "../share/cambium");
  if (!options.figures.empty()) return draw_figures(figures, library, options);

  const std::string html = page::study_page(facts, words, store.study(name)->text, figures, library);
  if (options.output == "-") {
    print(html);
    return 0;
  }
  const fs::path path = options.output.empty() ? fs::path(file_for(name)) : fs::path(options.output);
  write_page(path, html);
  tell(fmt::format("{}: {} and {}, {:.1f} MB\n", path.string(), counted(std::int64_t(figures.size()), "figure"),
                   counted(std::int64_t(facts.cells.size()), "cell"), double(html.size()) / 1e6));
  if (library.script.empty() && !figures.empty())
    tell(fmt::format("note: it tells figures by their tables alone: {}\n", page::kBringsLibrary));
  return 0;
}

}  // namespace

void add_report(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("report", "writes a study as one HTML page, with its figures");
  verb->add_option("STUDY", options->study, "the study's name, or its file")->required();
  verb->add_option("-o,--output", options->output, "the page (default: STUDY.html); - for standard output")
      ->type_name("FILE");
  verb->add_option("--metric", options->metric, "what is compared (default: the study's, else test_accuracy)")
      ->type_name("METRIC");
  verb->add_option("--stage", options->stage, "the stage of the arms (default: the study's last)")->type_name("STAGE");
  verb->add_option("--baseline", options->baseline, "the arm that the others are compared with")->type_name("ARM");
  verb->add_option("--figures", options->figures, "draws each figure into DIR instead")->type_name("DIR");
  verb->add_option("--format", options->format, "of --figures: pdf, svg or png (default: svg)")
      ->type_name("FORMAT")
      ->check([](const std::string& format) {
        return format == "pdf" || format == "svg" || format == "png" ? "" : format + ": take pdf, svg or png";
      });
  verb->add_option("--spec", options->spec, "prints a figure's Vega-Lite specification instead")->type_name("NAME");
  add_db(*verb, options->db);
  verb->footer(kFooter);
  verb->callback([&action, options] { action = [options] { return report(*options); }; });
}

}  // namespace cambium
