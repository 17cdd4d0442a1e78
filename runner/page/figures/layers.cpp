#include <algorithm>
#include <map>
#include <set>

#include "page/figure.h"

namespace cambium::page {
namespace {

constexpr std::size_t kMostSeries = 12;

struct Change {
  const char *measure, *suffix, *title, *caption;
};
constexpr Change kChanges[] = {
    {"cka", "", "Linear CKA of each layer, before and after training",
     "1: the layer represents the images as it did before training, up to turns and scale. Mean over cells; "
     "docs/measures.md."},
    {"weight_distance", " relative", "How far each layer's weights moved",
     "L2 distance from where they began, over their length then. 0: frozen. Mean over cells."}};

Figure change_figure(const Facts& facts, const Change& change) {
  const std::vector<Field> where = {facts.study, facts.baseline.compared, std::string(change.measure),
                                    std::string(change.suffix)};
  const Table rows = facts.store.query(
      "SELECT arm, key, avg(value), count(value), min(position) FROM measures WHERE study = ?1 AND stage = ?2 AND "
      "(measure = ?3 OR measure LIKE ?3 || '(%') AND substr(key, length(key) - length(?4) + 1) = ?4 "
      "GROUP BY arm, key ORDER BY min(position)",
      where);
  std::set<std::string> known;
  Json values = Json::array(), layers = Json::array(), series = Json::array();
  const std::string suffix = change.suffix;
  for (const Arm* arm : facts.compared()) {
    if (series.size() == kMostSeries) break;
    for (const auto& row : rows.rows) {
      if (text(row[0]) != arm->label || !number(row[2])) continue;
      std::string layer = text(row[1]);
      layer.resize(layer.size() - suffix.size());
      if (std::find(layers.begin(), layers.end(), layer) == layers.end()) layers.push_back(layer);
      if (known.insert(arm->label).second) series.push_back(arm->label);
      values.push_back({{"arm", arm->label},
                        {"layer", layer},
                        {"value", rounded(*number(row[2]))},
                        {"n", static_cast<std::int64_t>(number(row[3]).value_or(0))}});
    }
  }
  Figure figure;
  if (values.empty()) return figure;
  figure.name = std::string("layers-") + change.measure;
  figure.title = change.title;
  figure.caption = change.caption;
  if (facts.compared().size() > kMostSeries) figure.caption += " The first arms that were measured.";
  figure.spec = spec_from(
      "layers.vl.json",
      {{"TITLE", figure.title}, {"Y", std::string(change.measure) + suffix}, {"LAYERS", layers}, {"ARMS", series}});
  figure.spec["data"]["values"] = values;
  figure.table =
      table_of(values, {{"arm", "arm"}, {"layer", "layer"}, {"value", change.measure + suffix}, {"n", "cells"}});
  return figure;
}

}  // namespace

std::vector<Figure> layer_figures(const Facts& facts) {
  std::vector<Figure> figures;
  for (const Change& change : kChanges)
    if (Figure figure = change_figure(facts, change); !figure.name.empty()) figures.push_back(std::move(figure));
  return figures;
}

}  // namespace cambium::page
