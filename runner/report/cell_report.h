#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "store/store.h"

namespace cambium {

/// All that is known of one cell.
struct CellReport {
  std::string identity;
  Table summary;   ///< one row: state, seed, plugins, parameters, source, test accuracy, seconds
  Table places;    ///< study, stage, arm
  Table lineage;   ///< relation, cell, study, stage, arm, state: what it starts from, what starts from it
  Table attempts;  ///< attempt, state, epochs, seconds, started, finished, error, hint, log
  Table metrics;   ///< metric, value: what was measured at the end
  Table curves;    ///< epoch, and a column a metric
  Table measures;  ///< measure, key, value, error
  Table weights;   ///< kind, bytes, sha256, path
  std::string config, provenance;  ///< JSON objects, or empty
};

/// Identities that begin with `prefix`, in order.
std::vector<std::string> cells_like(const Store& store, const std::string& prefix);

CellReport cell_report(const Store& store, const std::string& identity);

/// For people; `text_limit` as to_text() takes it.
std::string to_text(const CellReport& report, std::size_t text_limit = 0);

/// One JSON object with a member a section.
std::string to_json(const CellReport& report);

}  // namespace cambium
