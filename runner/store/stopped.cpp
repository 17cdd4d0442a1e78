#include "store/stopped.h"

#include <fmt/format.h>

#include <regex>

#include "store/database.h"
#include "store/layout.h"

namespace cambium {

std::string interrupted_words(const std::string& row) {
  return fmt::format(
      "'interrupted ' || iif({0}.epochs > 0, 'after epoch ' || {0}.epochs, 'before its first epoch ended') || "
      "': the coordinator ended while it ran'",
      row);
}

bool has_running(Database& database) {
  return database.integer("SELECT EXISTS (SELECT 1 FROM run WHERE state = 'running')") != 0;
}

void show_as_interrupted(Database& database) {
  std::string columns;
  Statement names(database, "SELECT name FROM pragma_table_info('run')");
  while (names.step()) {
    const std::string name = names.text(0);
    std::string value = "run." + name;
    if (name == "state") value = "iif(run.state = 'running', 'interrupted', run.state)";
    if (name == "error") value = "iif(run.state = 'running', " + interrupted_words("run") + ", run.error)";
    columns += fmt::format("{}{} AS {}", columns.empty() ? "" : ", ", value, name);
  }
  // Names are looked up among what is temporary first, so the views must be temporary too to see this instead of run.
  static const std::regex kCreate("CREATE VIEW ");
  database.execute(fmt::format("PRAGMA temp_store = MEMORY; CREATE TEMP VIEW run AS SELECT {} FROM main.run; {}",
                               columns, std::regex_replace(layout().views, kCreate, "CREATE TEMP VIEW ")));
}

}  // namespace cambium
