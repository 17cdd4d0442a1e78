#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "store/table.h"

namespace cambium {

/// A query that has a name: results/queries/NAME.sql. Its first comment says what it tells, and a comment "name: ..."
/// or "name = default: ..." each what it can be told.
struct NamedQuery {
  std::string name, about, sql;
  struct Parameter {
    std::string name, preset, about;
    bool required = true;
  };
  std::vector<Parameter> parameters;
  std::filesystem::path path;
};

/// Those beside the database, in queries/, then those that come with Cambium; of one name the first.
std::vector<NamedQuery> named_queries(const std::filesystem::path& db);

/// Throws Error{Usage} for one that there is not, with the nearest.
NamedQuery find_query(const std::vector<NamedQuery>& queries, const std::string& name);

/// What to bind, in the order in which SQLite counts the names of `query`: a number where a text is one. `given` are
/// KEY=VALUE. Throws Error{Usage} for a key that the query does not have, and for one that it lacks.
std::vector<Field> bound(const NamedQuery& query, const std::vector<std::string>& given);

}  // namespace cambium
