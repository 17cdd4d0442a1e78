#include "study/report_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "cambium/schema.h"
#include "study/misspelt.h"
#include "study/toml.h"

namespace cambium {
namespace {

const std::vector<std::string> kKeys = {"title", "text", "metric", "stage", "baseline", "figures", "without"};
constexpr const char* kFileLine = "# file: ";

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> read_names(const std::string& key, const Value& value, Problems& problems) {
  std::vector<std::string> names;
  if (!value.is_array()) {
    problems.error(value.place, fmt::format("{} is {}, not a list of figures", key, describe(value)),
                   fmt::format("write {} = [\"{}\"]", key, figure_names().front()));
    return names;
  }
  for (const Value& element : value.array()) {
    if (element.is_string() && contains(figure_names(), element.string())) {
      names.push_back(element.string());
      continue;
    }
    const auto near = element.is_string() ? suggestion(element.string(), figure_names()) : std::nullopt;
    problems.error(element.place,
                   fmt::format("there is no figure {}",
                               element.is_string() ? "\"" + element.string() + "\"" : "called by " + describe(element)),
                   near ? fmt::format("did you mean \"{}\"?", *near)
                        : fmt::format("the figures are {}", fmt::join(figure_names(), ", ")));
  }
  return names;
}

std::string* text_of(ReportWords& words, const std::string& key) {
  if (key == "title") return &words.title;
  if (key == "text") return &words.text;
  if (key == "metric") return &words.metric;
  if (key == "stage") return &words.stage;
  return &words.baseline;
}

/// The files of a study's text, each without the line that names it.
std::vector<std::string> files_of(const std::string& text) {
  std::vector<std::string> files;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(kFileLine, 0) == 0)
      files.emplace_back();
    else if (!files.empty())
      files.back() += line + "\n";
  }
  return files;
}

}  // namespace

const std::vector<std::string>& figure_names() {
  static const std::vector<std::string> names = {"factors", "arms",      "differences", "rates",
                                                 "curves",  "loss",      "layers",      "cost",
                                                 "sweep",   "confusion", "confidence",  "filters"};
  return names;
}

ReportWords read_report(const Value& root, Problems& problems) {
  ReportWords words;
  if (const Value* description = find_path(root, "study.description"); description && description->is_string())
    words.description = description->string();
  const Value* report = root.find("report");
  if (!report) return words;
  if (!report->is_table()) {
    problems.error(report->place, fmt::format("report is {}, not a table", describe(*report)),
                   "begin it with [report]");
    return words;
  }
  const Value table = without_misspelt(*report, "[report]", kKeys, problems);
  for (const Value::Member& member : table.table()) {
    const Value& value = member.value;
    if (member.key == "figures")
      words.figures = read_names(member.key, value, problems);
    else if (member.key == "without")
      words.without = read_names(member.key, value, problems);
    else if (value.is_string() && !value.string().empty())
      *text_of(words, member.key) = value.string();
    else
      problems.error(value.place, fmt::format("{} is {}, not a text", member.key, describe(value)),
                     fmt::format("write {} = \"...\"", member.key));
  }
  return words;
}

ReportWords report_words(const std::string& text) {
  Problems told_before;
  Value root{Value::Table{}, {}};
  const std::vector<std::string> files = files_of(text);
  for (auto file = files.rbegin(); file != files.rend(); ++file)
    if (const auto one = parse_toml(*file, "", told_before)) merge(root, *one);
  return read_report(root, told_before);
}

std::string header_comment(const std::string& text) {
  const std::vector<std::string> files = files_of(text);
  if (files.empty()) return "";
  std::string comment;
  std::istringstream lines(files.front());
  for (std::string line; std::getline(lines, line) && line.rfind("#", 0) == 0;) {
    line.erase(0, line.find_first_not_of("# "));
    comment += line + "\n";
  }
  return comment;
}

}  // namespace cambium
