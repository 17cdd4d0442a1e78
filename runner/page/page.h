#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "page/figure.h"

namespace cambium::page {

/// What draws the figures: Vega, Vega-Lite and Vega-Embed as one script, and the Python package that made it.
struct Library {
  std::string script;            ///< empty: it is not there, and a page has its tables alone
  std::filesystem::path python;  ///< folder for PYTHONPATH; empty: not there
};

/// The one in `folder`, where scripts/fetch_figures puts it.
Library find_library(const std::filesystem::path& folder);

/// What brings the library where it is missing, as a sentence.
inline constexpr const char* kBringsLibrary =
    "scripts/fetch_figures brings Vega-Lite, which draws them, into the build";

/// A study as one HTML file that needs nothing beside it. `text`: of the study, as the database keeps it.
std::string study_page(const Facts& facts, const ReportWords& words, const std::string& text,
                       const std::vector<Figure>& figures, const Library& library);

/// Colours and fonts for a specification, as Vega-Lite's config; of a page they follow its light or dark.
Json theme();

/// The cells and what each was told, for the page's script: {columns, rows, common, curves, ...}.
Json cells_json(const Facts& facts);

}  // namespace cambium::page
