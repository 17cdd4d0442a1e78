#include <set>

#include "cambium/error.h"
#include "cambium/files.h"
#include "page/figure.h"
#include "page/html.h"

namespace cambium::page {
namespace {

constexpr std::size_t kMostPictures = 6;
constexpr std::size_t kMostBytes = std::size_t{1} << 20;

}  // namespace

std::vector<Figure> filter_figures(const Facts& facts) {
  const std::vector<Field> where = {facts.study, facts.baseline.compared};
  const Table rows = facts.store.query(
      "SELECT c.arm, a.path, a.kind, c.cell, c.seed FROM artifacts AS a JOIN cells AS c "
      "ON c.study = a.study AND c.stage = a.stage AND c.identity = a.identity WHERE a.study = ?1 AND a.stage = ?2 AND "
      "a.kind LIKE 'filters%' ORDER BY c.position",
      where);
  std::vector<Figure> figures;
  std::set<std::string> told;
  for (const auto& row : rows.rows) {
    if (figures.size() == kMostPictures || !told.insert(text(row[0]) + text(row[2])).second) continue;
    try {
      const auto bytes = read_bytes(text(row[1]), kMostBytes);
      Figure figure;
      figure.name = "filters-" + text(row[3]);
      figure.title = "The first layer's filters: " + text(row[0]);
      figure.caption =
          "Of cell " + text(row[3]) + ", each stretched from its least to its greatest value (" + text(row[2]) + ").";
      figure.image = "data:image/png;base64," + base64(bytes);
      figures.push_back(std::move(figure));
    } catch (const Error&) {
      continue;  // what a measure wrote may have been cleared away; the numbers stay
    }
  }
  return figures;
}

}  // namespace cambium::page
