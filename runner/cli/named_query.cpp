#include "cli/named_query.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <sstream>

#include "cambium/error.h"
#include "cambium/files.h"
#include "cambium/schema.h"
#include "protocol/places.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

/// "study: the study's name", "k = 10: how many".
void read_comment(const std::string& line, NamedQuery& query) {
  const std::size_t colon = line.find(": ");
  std::string name = line.substr(0, colon), preset;
  const std::size_t equals = name.find(" = ");
  if (equals != std::string::npos) {
    preset = name.substr(equals + 3);
    name.resize(equals);
  }
  if (colon != std::string::npos && !name.empty() && std::all_of(name.begin(), name.end(), is_name))
    query.parameters.push_back({name, preset, line.substr(colon + 2), equals == std::string::npos});
  else
    query.about += (query.about.empty() ? "" : " ") + line;
}

NamedQuery read_query(const fs::path& path) {
  const auto bytes = read_bytes(path, std::size_t{1} << 20);
  NamedQuery query{path.stem().string(), "", std::string(bytes.begin(), bytes.end()), {}, path};
  std::istringstream lines(query.sql);
  for (std::string line; std::getline(lines, line) && line.rfind("--", 0) == 0;)
    read_comment(line.substr(std::min(line.find_first_not_of("- "), line.size())), query);
  return query;
}

/// The names that `sql` binds, in order; what stands in quotes and comments binds nothing.
std::vector<std::string> names_in(const std::string& sql) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < sql.size(); ++at) {
    const char c = sql[at];
    if (c == '\'' || c == '"') {
      at = std::min(sql.find(c, at + 1), sql.size());
    } else if (c == '-' && sql.compare(at, 2, "--") == 0) {
      at = std::min(sql.find('\n', at), sql.size());
    } else if (c == ':' && at + 1 < sql.size() && is_name(sql[at + 1])) {
      std::size_t end = at + 1;
      while (end < sql.size() && is_name(sql[end])) ++end;
      const std::string name = sql.substr(at + 1, end - at - 1);
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
      at = end - 1;
    }
  }
  return names;
}

Field field_of(const std::string& text) {
  std::int64_t whole = 0;
  double real = 0;
  const char* end = text.data() + text.size();
  if (!text.empty() && std::from_chars(text.data(), end, whole).ptr == end) return whole;
  const auto read = std::from_chars(text.data(), end, real);
  if (!text.empty() && read.ec == std::errc() && read.ptr == end &&
      std::isdigit(static_cast<unsigned char>(text.back())))
    return real;
  return text;
}

std::string usage(const NamedQuery& query) {
  std::string words = "it takes";
  for (const auto& one : query.parameters)
    words += fmt::format("{} {}={}", &one == &query.parameters.front() ? "" : ",", one.name,
                         one.required ? "..." : one.preset);
  return query.parameters.empty() ? "it takes nothing" : words;
}

}  // namespace

std::vector<NamedQuery> named_queries(const fs::path& db) {
  std::map<std::string, NamedQuery> known;
  for (const fs::path& folder : {db.parent_path() / "queries", program_folder() / "../share/cambium/queries"}) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored))
      if (entry.path().extension() == ".sql") known.try_emplace(entry.path().stem().string(), read_query(entry.path()));
  }
  std::vector<NamedQuery> queries;
  for (auto& [name, query] : known) queries.push_back(std::move(query));
  return queries;
}

NamedQuery find_query(const std::vector<NamedQuery>& queries, const std::string& name) {
  std::vector<std::string> names;
  for (const NamedQuery& query : queries) {
    if (query.name == name) return query;
    names.push_back(query.name);
  }
  const auto near = suggestion(name, names);
  throw Error(ErrorKind::Usage, fmt::format("there is no query called \"{}\"", name),
              near ? fmt::format("did you mean \"{}\"? `cambium query --list` tells all", *near)
                   : fmt::format("there {}; one of your own is a file NAME.sql in queries/ beside the database",
                                 names.empty() ? "are none" : fmt::format("is {}", fmt::join(names, ", "))));
}

std::vector<Field> bound(const NamedQuery& query, const std::vector<std::string>& given) {
  std::map<std::string, std::string> values;
  std::vector<std::string> known;
  for (const auto& one : query.parameters) {
    known.push_back(one.name);
    if (!one.required) values[one.name] = one.preset;
  }
  for (const std::string& word : given) {
    const std::size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    if (equals == std::string::npos)
      throw Error(ErrorKind::Usage, fmt::format("\"{}\" is not KEY=VALUE", word), usage(query));
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      const auto near = suggestion(key, known);
      throw Error(ErrorKind::Usage, fmt::format("query {} is not told a \"{}\"", query.name, key),
                  near ? fmt::format("did you mean {}?", *near) : usage(query));
    }
    values[key] = word.substr(equals + 1);
  }
  std::vector<Field> fields;
  for (const std::string& name : names_in(query.sql)) {
    const auto found = values.find(name);
    if (found == values.end())
      throw Error(ErrorKind::Usage, fmt::format("query {} is not told its {}", query.name, name),
                  fmt::format("add {}=...; {}", name, usage(query)));
    fields.push_back(field_of(found->second));
  }
  return fields;
}

}  // namespace cambium
