#pragma once

namespace cambium {

class Database;

/// Of layout version 2: which arms a stage chooses one from, and by what; and the names of measures' values among the
/// metrics.
void add_choices(Database& database);

}  // namespace cambium
