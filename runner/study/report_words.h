#pragma once

#include <string>
#include <vector>

#include "study/problem.h"
#include "study/value.h"

namespace cambium {

/// What a study says of its report: the table [report], and the description in [study]. Nothing of it decides a cell.
struct ReportWords {
  std::string title, description;
  std::string text;                                ///< paragraphs, an empty line between each two
  std::string metric, stage, baseline;             ///< empty: as `compare` takes them
  std::vector<std::string> figures, without = {};  ///< names; no figures: those that suit what the study varied
};

/// The names that a report's figures go by.
const std::vector<std::string>& figure_names();

/// Reads [report] and [study] of a whole study; what is wrong with [report] goes to `problems`.
ReportWords read_report(const Value& root, Problems& problems);

/// The same from a study's text as the database keeps it: every file that was read. What cannot be understood of it is
/// left out, as it was told when it was entered.
ReportWords report_words(const std::string& text);

/// The comment with which a study's first file begins, without its marks; empty where it begins otherwise.
std::string header_comment(const std::string& text);

}  // namespace cambium
