#include "cli/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "cambium/error.h"
#include "cambium/schema.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "revision.h"

namespace cambium {
namespace {

constexpr const char* kFooter = R"(From a study to an answer:
  cambium plugins                              what there is to combine; `cambium plugins cnn7`: one of them
  cambium check experiments/quickstart.toml    is the study right? all errors at once, with line and way out
  cambium explain experiments/quickstart.toml train.lr    which line gave a value
  cambium plan experiments/quickstart.toml     what would run, what merges, and why each cell must run
  cambium run experiments/quickstart.toml      trains what is missing; the same command goes on after Ctrl-C
  cambium status                               how far each study is
  cambium watch                                the same while a run goes on, and what is being trained
  cambium compare quickstart                   differences from a baseline, with intervals and corrected p
  cambium leaderboard quickstart               means, with intervals, of any metric
  cambium report quickstart                    the whole study as one HTML page, with figures
  cambium query "SELECT stage, arm, n, mean, lo95, hi95 FROM leaderboard"

`cambium VERB --help` has examples for each. docs/studies.md tells how to write a study, docs/database.md what to query.
Exit status: 0 all is well; 1 something failed; 2 command, study, data or plugin is wrong; 130 stopped by Ctrl-C.)";

std::vector<std::string> verb_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands({})) names.push_back(verb->get_name());
  return names;
}

/// The first word must be a verb or an option.
void check_verb(const CLI::App& app, const std::string& word) {
  const std::vector<std::string> names = verb_names(app);
  if (word.empty() || word[0] == '-') return;
  for (const std::string& name : names)
    if (name == word) return;
  const auto near = suggestion(word, names);
  throw Error(ErrorKind::Usage, fmt::format("there is no verb \"{}\"", word),
              near ? fmt::format("did you mean \"{}\"? `cambium --help` lists all", *near)
                   : fmt::format("the verbs are {}", fmt::join(names, ", ")));
}

/// CLI11's complaint with what to do about it.
Error usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const auto chosen = app.get_subcommands();
  const CLI::App& verb = chosen.empty() ? app : *chosen.front();
  const std::string name = chosen.empty() ? "cambium" : "cambium " + verb.get_name();
  const std::string help = fmt::format("`{} --help` shows how it goes", name);
  if (error.get_exit_code() != static_cast<int>(CLI::ExitCodes::ExtrasError))
    return {ErrorKind::Usage, error.what(), help};

  const auto left = app.remaining(true);
  const auto is_option = [](const std::string& word) { return word.size() > 1 && word[0] == '-'; };
  const auto option = std::find_if(left.begin(), left.end(), is_option);
  if (option == left.end()) return {ErrorKind::Usage, fmt::format("\"{}\" is one word too many", left.front()), help};
  std::vector<std::string> options;
  for (const CLI::Option* known : verb.get_options())
    for (const std::string& known_name : known->get_lnames()) options.push_back("--" + known_name);
  const std::string word = option->substr(0, option->find('='));
  const auto near = suggestion(word, options);
  return {ErrorKind::Usage, fmt::format("{} has no option {}", name, word),
          near ? fmt::format("did you mean {}?", *near) : help};
}

/// Relative paths lead nowhere in a folder that was deleted since the shell went into it.
void check_working_folder() {
  std::error_code trouble;
  const auto folder = std::filesystem::current_path(trouble);
  if (trouble)
    throw Error(ErrorKind::Usage, fmt::format("the folder that you are in cannot be used: {}", trouble.message()),
                "it may have been deleted or made anew: go to one that is there (cd), and run again");
}

}  // namespace

int run_command_line(int argc, const char* const* argv) {
  CLI::App app("Cambium runs transfer-learning experiments that are written down, not programmed.", "cambium");
  Action action;
  add_check(app, action);
  add_explain(app, action);
  add_plan(app, action);
  add_run(app, action);
  add_status(app, action);
  add_watch(app, action);
  add_runs(app, action);
  add_show(app, action);
  add_leaderboard(app, action);
  add_compare(app, action);
  add_report(app, action);
  add_query(app, action);
  add_plugins(app, action);
  add_export(app, action);
  add_gc(app, action);

  const std::string version = fmt::format("cambium {} (revision {})\n", CAMBIUM_VERSION, kRevision);
  app.set_version_flag("--version", version, "prints version and git revision");
  app.set_help_flag("-h,--help", "prints this help");
  app.get_formatter()->label("SUBCOMMAND", "VERB");
  app.get_formatter()->label("TEXT", "");
  app.get_formatter()->label("REQUIRED", "");
  app.get_formatter()->column_width(24);
  app.footer(kFooter);
  for (CLI::App* verb : app.get_subcommands({})) {
    verb->set_help_flag("-h,--help", "prints this help");
    verb->group("Verbs");
  }

  if (argc < 2) {
    print(app.help());
    return 0;
  }
  check_verb(app, argv[1]);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion&) {
    print(version);
    return 0;
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app.get_subcommands();
    print(chosen.empty() ? app.help() : chosen.front()->help("cambium"));
    return 0;
  } catch (const CLI::ParseError& error) {
    throw usage_error(app, error);
  }
  check_working_folder();
  return action ? action() : 0;
}

}  // namespace cambium
