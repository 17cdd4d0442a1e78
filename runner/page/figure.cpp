#include "page/figure.h"

#include <algorithm>
#include <map>

#include "page/asset.h"

namespace cambium::page {
namespace {

void fill(Json& spec, const Json& values) {
  if (spec.is_string()) {
    const auto& text = spec.get_ref<const std::string&>();
    if (!text.empty() && text[0] == '$' && values.contains(text.substr(1))) spec = values[text.substr(1)];
    return;
  }
  if (spec.is_structured())
    for (Json& element : spec) fill(element, values);
}

using Maker = std::vector<Figure> (*)(const Facts&);

Maker maker_of(const std::string& name) {
  static const std::map<std::string, Maker> kMakers = {{"factors", factor_figures},
                                                       {"arms", arm_figures},
                                                       {"differences", difference_figures},
                                                       {"rates", rate_figures},
                                                       {"curves", curve_figures},
                                                       {"loss", loss_figures},
                                                       {"layers", layer_figures},
                                                       {"cost", cost_figures},
                                                       {"sweep", sweep_figures},
                                                       {"confusion", confusion_figures},
                                                       {"confidence", confidence_figures},
                                                       {"filters", filter_figures}};
  return kMakers.at(name);
}

}  // namespace

std::vector<Figure> figures_of(const Facts& facts, const ReportWords& words) {
  std::vector<Figure> figures;
  for (const std::string& name : words.figures.empty() ? figure_names() : words.figures) {
    if (std::find(words.without.begin(), words.without.end(), name) != words.without.end()) continue;
    // Where a factor is drawn, a line an arm says the same again.
    if (words.figures.empty() && name == "arms" && !figures.empty() && facts.compared().size() > 12) continue;
    for (Figure& figure : maker_of(name)(facts)) figures.push_back(std::move(figure));
  }
  return figures;
}

Json spec_from(std::string_view name, const Json& values) {
  Json spec = Json::parse(asset(name));
  fill(spec, values);
  return spec;
}

Json faceted(Json spec, const std::string& field, const std::string& title, const Json& order) {
  Json inner, outer;
  for (auto& [key, value] : spec.items())
    (key == "layer" || key == "mark" || key == "encoding" || key == "params" || key == "width" || key == "height"
         ? inner
         : outer)[key] = value;
  inner["width"] = 170;
  inner["height"] = 140;
  outer["facet"] = {{"field", field}, {"type", "ordinal"}, {"title", title}, {"sort", order}};
  outer["columns"] = 4;
  outer["spec"] = inner;
  return outer;
}

Table table_of(const Json& values, const std::vector<std::pair<std::string, std::string>>& columns) {
  Table table;
  for (const auto& [name, title] : columns) table.columns.push_back(title);
  for (const Json& value : values) {
    std::vector<Field> row;
    for (const auto& [name, title] : columns) {
      const Json cell = value.value(name, Json());
      if (cell.is_number_integer())
        row.emplace_back(cell.get<std::int64_t>());
      else if (cell.is_number())
        row.emplace_back(cell.get<double>());
      else if (cell.is_null())
        row.emplace_back();
      else
        row.emplace_back(words_of(cell));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace cambium::page
