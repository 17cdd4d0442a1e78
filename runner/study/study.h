#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "study/problem.h"
#include "study/report_words.h"
#include "study/select.h"
#include "study/value.h"

namespace cambium {

/// An axis: a dotted key and the values it takes; or several keys that march together.
struct Axis {
  struct Key {
    std::string name;           ///< "train.lr"
    std::vector<Value> values;  ///< as many for each key of one axis
    Place place;
  };
  std::vector<Key> keys;
  std::size_t size() const { return keys.empty() ? 0 : keys.front().values.size(); }
};

/// Dotted keys with values: a cell to leave out, or one to add.
struct Assignment {
  std::vector<Axis::Key> keys;  ///< exclude: any of a key's values; extra: one value each
  Place place;
};

/// A named kind of cell, as declared.
struct Stage {
  std::string name;
  Place place;
  Value base;  ///< table: backbone, data, strategy, train, init
  std::vector<Axis> axes;
  std::vector<Assignment> excludes, extras;
  std::vector<std::uint64_t> seeds;
  std::string arm;                 ///< names the arm; empty: what distinguishes it
  std::vector<std::string> allow;  ///< rules of rigour that it knowingly breaks, the study's among them
  bool unsure = false;             ///< some of it could not be read, and may have said what is missing
  std::optional<Value> measures;   ///< to be taken of its cells, as declared
  std::optional<Select> select;    ///< how one point of each arm is chosen, if one is
};

/// A study file, read and merged with what it includes, before any plugin is asked.
struct Study {
  std::string name;
  std::filesystem::path path;
  std::string text;  ///< every file read, and the --set options
  bool keep_all_weights = true;
  std::vector<std::string> replicates = {"data.split",
                                         "data.half"};  ///< axes that repeat, as seeds do, and make no arms
  std::string baseline;                                 ///< the arm that others are held against; or empty
  Place baseline_place;
  std::optional<double> detect;     ///< the difference in accuracy, in points, that is looked for
  std::optional<double> assume_sd;  ///< of paired differences, in points, as far as nothing is known of it
  Place detect_place;
  ReportWords report;         ///< what `cambium report` is told
  std::vector<Stage> stages;  ///< in the file's order
};

/// The rules of rigour (plan/rigour.h) that `allow` can name.
const std::vector<std::string>& rigour_rules();

/// Reads `path`, what it includes, and applies `sets` ("stage.transfer.train.lr=0.01"). What is wrong goes to
/// `problems`; the Study is as much as could be understood.
Study read_study(const std::filesystem::path& path, const std::vector<std::string>& sets, Problems& problems);

}  // namespace cambium
