#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "page/facts.h"
#include "store/table.h"
#include "study/report_words.h"

namespace cambium::page {

/// A figure: what Vega-Lite draws, and the numbers behind it for who cannot see it.
struct Figure {
  std::string name;  ///< "factors-strategy.cut"
  std::string title, caption;
  Json spec;               ///< Vega-Lite, without colours and fonts; null for a picture
  Table table = {};        ///< the same numbers
  std::string image = {};  ///< a picture that a measure wrote, as a data: address
};

/// The figures that `words` names, else those that suit what the study varied.
std::vector<Figure> figures_of(const Facts& facts, const ReportWords& words);

/// A specification of runner/page/assets, with `values` in the place of "$NAME" texts.
Json spec_from(std::string_view asset, const Json& values);

/// `spec` as small multiples by `field`, whose values are `order`.
Json faceted(Json spec, const std::string& field, const std::string& title, const Json& order);

/// The numeric columns and rows of `values`, a list of flat objects, as a table: `columns` names and titles them.
Table table_of(const Json& values, const std::vector<std::pair<std::string, std::string>>& columns);

// One file each below figures/; empty where there is nothing of it to see.
std::vector<Figure> factor_figures(const Facts& facts);      ///< a metric against each numeric factor
std::vector<Figure> arm_figures(const Facts& facts);         ///< each arm's mean
std::vector<Figure> difference_figures(const Facts& facts);  ///< each arm's paired difference
std::vector<Figure> rate_figures(const Facts& facts);        ///< learning rate against what came of it
std::vector<Figure> curve_figures(const Facts& facts);       ///< accuracy by epoch
std::vector<Figure> loss_figures(const Facts& facts);        ///< loss by epoch
std::vector<Figure> layer_figures(const Facts& facts);       ///< what training changed of each layer
std::vector<Figure> cost_figures(const Facts& facts);        ///< seconds against the metric, with the front
std::vector<Figure> sweep_figures(const Facts& facts);       ///< parallel coordinates
std::vector<Figure> confusion_figures(const Facts& facts);   ///< which class is taken for which
std::vector<Figure> confidence_figures(const Facts& facts);  ///< how sure against how right
std::vector<Figure> filter_figures(const Facts& facts);      ///< the first layer's filters

}  // namespace cambium::page
