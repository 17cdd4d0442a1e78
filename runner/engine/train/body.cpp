#include "engine/train/body.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "cambium/random.h"
#include "engine/model/source_weights.h"
#include "engine/train/frozen_statistics.h"

namespace cambium {
namespace {

/// All that decides what frozen layers are filled with.
std::string beginning(const TransferPlan& plan, const TrainJob& job) {
  Json json = {{"plan", plan}, {"source", nullptr}};
  json["plan"].erase("phases");
  if (job.source) json["source"] = *job.source;
  if (!std::all_of(plan.weights.begin(), plan.weights.end(), [](Weights w) { return w == Weights::Source; }))
    json["drawn"] = {job.seed, job.generation, job.data, job.data_settings};
  return json.dump();
}

}  // namespace

void fill(Body& body, const TransferPlan& plan, const TrainJob& job, const Images& images, TapsPlace place) {
  Model& model = body.model;
  const std::string begins = beginning(plan, job) + place.made_with + Json(place.order).dump();
  const bool there = std::exchange(body.begun, "") == begins;
  if (!there) {
    body.prefix.reset();
    body.source.reset();
    if (plan.needs_source()) body.source = source_tensors(model, plan, job.source.value());
  }
  model.initialise(plan, body.source ? &*body.source : nullptr, generation_seed(job.seed, job.generation),
                   there ? model.layers() : 0);
  model.eval();
  const std::size_t frozen = frozen_prefix(plan);
  if (!there) {
    fill_frozen_statistics(model, plan, images);
    body.prefix.emplace(model, frozen, std::move(place));
  }
  if (frozen == model.layers()) body.begun = begins;
}

}  // namespace cambium
