#pragma once

#include <string>

namespace cambium {

/// The common table expressions that average the rows of `source`, a SELECT with columns `value`, `replicate`, `seed`,
/// `position` and those of `keys`, which it is done by: seeds within each replicate, replicates within each cluster,
/// and then over the clusters. Replicates that differ in `data.half` alone are one cluster: the halves of a split.
/// Where there is but one cluster, the seeds take its place, each averaged over its replicates. docs/statistics.md says
/// why.
///
/// The last, `spread`, has a row for each of `keys`: `cells`, `n` (those with a value), `first` (the least position),
/// `repeats` (clusters or seeds with a value), `mean`, `sd` (of the repeats), `df`; other columns of `source` as one of
/// its rows has them. Also `mean_NAME` for a second column `NAME` where one is given. It is made of window functions
/// that partition by `keys` and of nothing else, so that SQLite carries conditions on them down to the tables.
std::string averaged(const std::string& source, const std::string& keys, const std::string& second = "");

/// The half of a 95 % interval, Student's t, by columns `df` and `error` of `table`.
std::string half_interval(const std::string& table);

}  // namespace cambium
