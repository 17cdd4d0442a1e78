#include "cli/studies.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "cambium/error.h"
#include "cambium/schema.h"

namespace cambium {

void require_study(const Store& store, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& row : store.query("SELECT study FROM studies ORDER BY study").rows)
    names.push_back(std::get<std::string>(row[0]));
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  const auto near = suggestion(name, names);
  throw Error(ErrorKind::Usage, fmt::format("database {} knows no study \"{}\"", store.path().string(), name),
              near            ? fmt::format("did you mean \"{}\"?", *near)
              : names.empty() ? "it is empty: run a study first, or name another database with --db FILE"
                              : fmt::format("it knows {}; a study's name is what its file says, or else the file's own",
                                            fmt::join(names, ", ")));
}

}  // namespace cambium
