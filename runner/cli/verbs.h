#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace cambium {

/// What the chosen verb does; returns the exit status.
using Action = std::function<int()>;

/// Each adds its verb to the command line, with options and help; `action` is filled in if that verb is the one.
void add_check(CLI::App& app, Action& action);
void add_explain(CLI::App& app, Action& action);
void add_plan(CLI::App& app, Action& action);
void add_run(CLI::App& app, Action& action);
void add_status(CLI::App& app, Action& action);
void add_watch(CLI::App& app, Action& action);
void add_runs(CLI::App& app, Action& action);
void add_show(CLI::App& app, Action& action);
void add_leaderboard(CLI::App& app, Action& action);
void add_compare(CLI::App& app, Action& action);
void add_report(CLI::App& app, Action& action);
void add_query(CLI::App& app, Action& action);
void add_plugins(CLI::App& app, Action& action);
void add_export(CLI::App& app, Action& action);
void add_gc(CLI::App& app, Action& action);

}  // namespace cambium
