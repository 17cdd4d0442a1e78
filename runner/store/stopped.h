#pragma once

#include <string>

namespace cambium {

class Database;

/// SQL for what is told of a run of which only `row`, a table or a view like it, is left: "interrupted after epoch 3:
/// ...".
std::string interrupted_words(const std::string& row);

/// Whether a run is on record as running.
bool has_running(Database& database);

/// Lets this connection see runs that nobody is at any more as what they are: interrupted. Nothing is written.
void show_as_interrupted(Database& database);

}  // namespace cambium
