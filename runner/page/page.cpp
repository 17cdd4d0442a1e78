#include "page/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cambium/error.h"
#include "cambium/files.h"
#include "page/asset.h"
#include "page/html.h"
#include "report/text.h"

namespace cambium::page {
namespace {

std::string opening(const Facts& facts, const ReportWords& words, const std::string& text) {
  const std::int64_t done =
      std::count_if(facts.cells.begin(), facts.cells.end(), [](const Cell& cell) { return cell.state == "done"; });
  const std::vector<Field> where = {facts.study};
  const Table about = facts.store.query("SELECT entered, revision, warnings FROM studies WHERE study = ?", where);
  std::string html = fmt::format("<header><h1>{}</h1>\n", escaped(words.title.empty() ? facts.study : words.title));
  html += fmt::format("<p class=facts>Study {} · {} of {} cells done · entered {} UTC · revision {}</p>\n",
                      escaped(facts.study), done, facts.cells.size(), escaped(cambium::text(about.rows[0][0])),
                      std::get<std::int64_t>(about.rows[0][1]));
  if (!words.description.empty()) html += paragraphs(words.description);
  html += paragraphs(header_comment(text));
  if (!words.text.empty()) html += paragraphs(words.text);
  if (const std::string warnings = cambium::text(about.rows[0][2]); !warnings.empty())
    html += "<details><summary>What the rigour check said</summary>" + paragraphs(warnings) + "</details>";
  return html + "</header>\n";
}

/// "What it shows: ..." and "What it does not show: ..." as paragraphs that begin in bold.
std::string verdict_html(const Facts& facts) {
  if (facts.compared().empty())
    return "<section><h2>Verdict</h2><p>No cell of stage " + escaped(facts.baseline.compared) +
           " has a result yet: run the study.</p></section>\n";
  if (facts.differences.empty()) return "";
  std::string html = "<section><h2>Verdict</h2>\n";
  const std::string words = verdict(facts.differences, facts.baseline, facts.metric);
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t end = std::min(words.find('\n', at), words.size());
    const std::string line = words.substr(at, end - at);
    const std::size_t colon = line.find(':');
    const bool led = colon != std::string::npos && line.rfind("What it", 0) == 0;
    html += led ? fmt::format("<p><strong>{}:</strong>{}</p>\n", escaped(line.substr(0, colon)),
                              escaped(line.substr(colon + 1)))
                : "<p>" + escaped(line) + "</p>\n";
    at = end + 1;
  }
  return html + "</section>\n";
}

Field shown(const Facts& facts, const std::optional<double>& value) {
  return value ? Field(facts.shown(*value)) : Field();
}

std::string arms_html(const Facts& facts) {
  std::map<std::string, const PairedDifference*> differences;
  for (const PairedDifference& one : facts.differences) differences.emplace(one.arm, &one);
  const std::string unit = facts.metric.parts ? ", points" : "";
  Table table{{"stage", "arm", facts.metric.title(), "from", "to", "cells", "missing", "repeats",
               "to " + facts.baseline.arm + unit, "difference from", "difference to", "p (Holm)", "trainable", "total",
               "seconds"},
              {}};
  for (const Arm& arm : facts.arms) {
    if (!arm.chosen) continue;
    const auto found = differences.find(arm.label);
    const PairedDifference* one =
        arm.stage == facts.baseline.compared && found != differences.end() ? found->second : nullptr;
    const auto part = [&](auto member) { return one == nullptr ? Field() : shown(facts, one->*member); };
    table.rows.push_back({arm.stage, arm.label, shown(facts, arm.mean), shown(facts, arm.lo), shown(facts, arm.hi),
                          arm.n, arm.missing, arm.repeats, part(&PairedDifference::mean), part(&PairedDifference::lo),
                          part(&PairedDifference::hi),
                          one != nullptr && one->p_holm ? Field(rounded(*one->p_holm)) : Field(), arm.trainable,
                          arm.total, arm.seconds ? Field(rounded(*arm.seconds)) : Field()});
  }
  // A column in which nobody has anything, or all the same that says nothing, is left out.
  for (std::size_t column = table.columns.size(); column-- > 2;) {
    const std::string& name = table.columns[column];
    const bool empty = std::all_of(table.rows.begin(), table.rows.end(), [&](const auto& row) {
      return std::holds_alternative<std::monostate>(row[column]) ||
             (name == "missing" && row[column] == Field(std::int64_t{0}));
    });
    if (!empty) continue;
    table.columns.erase(table.columns.begin() + std::ptrdiff_t(column));
    for (auto& row : table.rows) row.erase(row.begin() + std::ptrdiff_t(column));
  }
  return "<section><h2>Arms</h2>\n<p>Means with their 95 % intervals over seeds and replicates; differences by pairs "
         "of "
         "equal replicate and seed (Student's t, Holm's correction).</p>\n<div class=wide tabindex=0 role=region "
         "aria-label=\"Table of arms\">" +
         html_table(table, "Arms") + "</div></section>\n";
}

std::string begun_large(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

std::string figure_html(const Figure& figure, std::size_t number, bool drawn) {
  std::string html = fmt::format("<figure id=\"{}\"><h3>{}. {}</h3>\n", escaped(figure.name), number,
                                 escaped(begun_large(figure.title)));
  if (!figure.image.empty())
    html += fmt::format("<img class=pixels alt=\"{}\" src=\"{}\">\n", escaped(figure.title), figure.image);
  else if (drawn)
    html += fmt::format("<div class=drawn role=img aria-label=\"{}\"></div>\n",
                        escaped(figure.title + ". The numbers are in the table below."));
  html += "<figcaption>" + escaped(figure.caption) + "</figcaption>\n";
  if (!figure.table.columns.empty())
    html += fmt::format(
        "<details{}><summary>Table</summary><div class=wide tabindex=0 role=region "
        "aria-label=\"{}\">{}</div></details>\n",
        drawn ? "" : " open", escaped("Table of figure " + std::to_string(number)),
        html_table(figure.table, figure.title));
  if (figure.image.empty())
    html += fmt::format(
        "<details><summary>Specification</summary><p>Vega-Lite: take it and change it.</p>"
        "<pre tabindex=0 class=spec></pre></details>"
        "<script type=\"application/json\">{}</script>\n",
        script_json(figure.spec));
  return html + "</figure>\n";
}

constexpr const char* kCells = R"(<section id=cells><h2>Cells</h2>
<p>One network each: a point of the grid with one seed. Columns show what differs between cells; open one for its whole
configuration, its curves and its error.</p>
<form class=tools><label>Find <input type=search id=find placeholder="arm, state, value ..."></label>
<label>State <select id=state><option value="">all</option></select></label>
<span id=count role=status></span></form>
<div class=wide tabindex=0 role=region aria-label="Table of cells"><table id=rows></table></div>
<p class=tools><button type=button id=more>Show more</button></p>
<noscript>The table of cells needs scripts; <code>cambium show STUDY/STAGE</code> prints it.</noscript>
</section>
)";

constexpr const char* kHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; img-src data:">
<title>{}</title>
<style>
{}</style>
</head>
<body>
<main>
)";

}  // namespace

Library find_library(const std::filesystem::path& folder) {
  Library library;
  std::error_code ignored;
  if (std::filesystem::is_regular_file(folder / "vega.js", ignored)) {
    const auto bytes = read_bytes(folder / "vega.js");
    library.script.assign(bytes.begin(), bytes.end());
  }
  if (std::filesystem::is_directory(folder / "python", ignored)) library.python = folder / "python";
  return library;
}

Json theme() { return Json::parse(asset("theme.json")); }

std::string study_page(const Facts& facts, const ReportWords& words, const std::string& text,
                       const std::vector<Figure>& figures, const Library& library) {
  const bool drawn = !library.script.empty();
  std::string html =
      fmt::format(fmt::runtime(kHead), escaped(words.title.empty() ? facts.study : words.title), asset("page.css"));
  html += opening(facts, words, text) + verdict_html(facts) + arms_html(facts);
  if (!figures.empty()) html += "<section><h2>Figures</h2>\n";
  if (!figures.empty() && !drawn)
    html += fmt::format("<p class=note>Figures are told by their tables here: {}; then make this report again.</p>\n",
                        escaped(kBringsLibrary));
  for (std::size_t i = 0; i < figures.size(); ++i) html += figure_html(figures[i], i + 1, drawn);
  if (!figures.empty()) html += "</section>\n";
  html += kCells;
  html += "<section><details><summary>The study, as it was run</summary><pre tabindex=0>" + escaped(text) +
          "</pre></details></section>\n</main>\n<footer>Made by Cambium from the numbers of its database.</footer>\n";
  html += "<script type=\"application/json\" id=data>" + script_json(cells_json(facts)) + "</script>\n";
  html += "<script type=\"application/json\" id=theme>" + script_json(theme()) + "</script>\n";
  // Within a function, so that its names and the page's do not meet.
  if (drawn) html += "<script>(() => {" + library.script + "})();</script>\n";
  return html + "<script>\n" + std::string(asset("page.js")) + "</script>\n</body>\n</html>\n";
}

}  // namespace cambium::page
