#include "exec/jobs.h"

#include <fstream>
#include <nlohmann/json.hpp>

namespace cambium {

WeightsRef weights_of(const std::vector<Artifact>& artifacts, const std::string& kind) {
  for (const Artifact& artifact : artifacts)
    if (artifact.kind == kind) return {artifact.path, artifact.sha256};
  return {};
}

namespace {

/// What a cell was planned with.
Pins pins_of(const Cell& cell) {
  const auto pin = [](PluginKind kind, const Part& part) {
    return PluginPin{kind, part.component.plugin, part.library};
  };
  return {{pin(PluginKind::Backbone, *cell.backbone), pin(PluginKind::Dataset, *cell.data),
           pin(PluginKind::Strategy, *cell.strategy)},
          cell.dataset->fingerprint,
          cell.network->fingerprint};
}

}  // namespace

TrainJob train_job(const Plan& plan, const Cell& cell, const std::vector<Artifact>& source) {
  TrainJob job;
  job.cell = cell.identity;
  job.seed = cell.seed;
  job.generation = cell.generation;
  job.backbone = cell.backbone->component;
  job.data = cell.data->component;
  job.strategy = cell.strategy->component;
  job.data_settings = cell.data->settings;
  job.train_settings = cell.train->settings;
  job.keep_weights = cell.keep_weights;
  job.pins = pins_of(cell);
  if (!cell.source_file.empty())
    job.source = WeightsRef{cell.source_file, cell.source_sha256, cell.source_key, cell.source_prefix};
  if (cell.source >= 0) {
    const Cell& from = plan.cells[std::size_t(cell.source)];
    job.source = weights_of(source, cell.source_weights);
    if (cell.network->plan.source_share > 0)
      job.source_data = SourceData{from.data->component, from.data->settings, from.seed};
  }
  if (job.source) job.source->head_rows = cell.head_rows;
  return job;
}

MeasureJob measure_job(const Plan& plan, const Cell& cell, const std::vector<std::size_t>& measures,
                       const std::vector<Artifact>& own, const std::vector<Artifact>& source) {
  MeasureJob job;
  job.cell = cell.identity;
  job.seed = cell.seed;
  job.generation = cell.generation;
  job.backbone = cell.backbone->component;
  job.data = cell.data->component;
  job.strategy = cell.strategy->component;
  job.data_settings = cell.data->settings;
  job.train_settings = cell.train->settings;
  job.pins = pins_of(cell);
  job.weights = weights_of(own, "last");
  if (!cell.source_file.empty())
    job.source = WeightsRef{cell.source_file, cell.source_sha256, cell.source_key, cell.source_prefix};
  if (cell.source >= 0) {
    const Cell& from = plan.cells[std::size_t(cell.source)];
    job.source = weights_of(source, cell.source_weights);
    job.source_cell = {from.seed, from.backbone->component, from.data->component, from.data->settings, pins_of(from)};
  }
  if (job.source) job.source->head_rows = cell.head_rows;
  for (const std::size_t m : measures) job.measures.push_back(cell.measures[m]);
  return job;
}

namespace {

/// What a measure job's event file tells: by measure, what went wrong, or nothing.
std::map<std::string, std::string> told_measures(const std::filesystem::path& events) {
  std::map<std::string, std::string> told;
  std::ifstream file(events, std::ios::binary);
  for (std::string line; std::getline(file, line) && !file.eof();) {
    const auto event = Json::parse(line, nullptr, false);
    if (!event.is_object()) continue;  // the store complains of it
    const std::string type = event.value("type", "");
    if (type == "measured") told[event.value("measure", "")] = "";
    if (type == "unmeasured") told[event.value("measure", "")] = event.value("message", "it could not be taken");
  }
  return told;
}

}  // namespace

MeasureEnd end_measures(Store& store, const Cell& cell, const std::vector<std::size_t>& measures,
                        const std::filesystem::path& events, const MeasureFailure& failure) {
  store.ingest_measures(cell.identity, events);
  const auto told = told_measures(events);
  MeasureEnd end;
  bool blamed = false;
  for (const std::size_t m : measures) {
    const std::string name = label(cell.measures[m]);
    if (const auto found = told.find(name); found != told.end()) {
      end.told.insert(*found);
      continue;
    }
    if (blamed && !failure.whole) {
      end.left.push_back(m);
      continue;
    }
    blamed = true;
    end.told[name] = failure.error;
    store.fail_measure(cell.identity, name, find_measure(cell.measures[m].name)->version, failure.kind, failure.error,
                       "");
  }
  return end;
}

}  // namespace cambium
