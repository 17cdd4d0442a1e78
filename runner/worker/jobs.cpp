#include "worker/jobs.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "cambium/files.h"
#include "engine/measure/measuring.h"
#include "engine/model/threads.h"
#include "engine/train/blame.h"
#include "engine/train/provenance.h"
#include "protocol/selected.h"
#include "protocol/settings.h"

namespace cambium {
namespace {

/// No fault of the cell's: it was planned with something else.
[[noreturn]] void changed(const std::string& what) {
  throw Error(ErrorKind::System, what + " since the study was checked",
              "run the same command again: the cells are then those of what is there now");
}

bool is_whole(const WeightsRef& weights) {
  try {
    return weights.sha256.empty() || sha256_file(weights.path) == weights.sha256;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

/// In a handler of what `job` threw: what can no longer be read, data or weights, is the machine's fault.
template <class Job>
void Jobs::excuse(const Job& job) const {
  const Blame blame = cambium::blame();
  const auto gone = [&](const Component& data) { return datasets_.is_gone(data, job.data_root); };
  bool excused = gone(job.data);
  if constexpr (requires { job.source_data; }) excused = excused || (job.source_data && gone(job.source_data->data));
  if constexpr (requires { job.source_cell; }) excused = excused || (job.source_cell && gone(job.source_cell->data));
  if (std::string_view(blame.kind) == "data" && job.source && !is_whole(*job.source)) excused = true;
  if (excused) throw_on(blame);
}

/// Does `work` for a cell and answers how it ended; what it throws is told in the event file.
template <class Job, class Work>
Json Jobs::told(const Job& job, EventFile& events, const Stopwatch& watch, Work work) {
  try {
    work();
  } catch (...) {
    excuse(job);
    const Blame failed = blame();
    std::fprintf(stderr, "cell %.12s: %s\n", job.cell.c_str(), failed.message.c_str());
    events.write(
        "failed",
        {{"seconds", watch.seconds()}, {"kind", failed.kind}, {"message", failed.message}, {"hint", failed.hint}});
    return {{"cell", job.cell}, {"state", "failed"}};
  }
  return {{"cell", job.cell}, {"state", "done"}};
}

/// SHA-256 of the libraries of a job's plugins, by their names.
template <class Job>
std::map<std::string, std::string> Jobs::hashes_of(const Job& job) const {
  return {{job.backbone.plugin, registry_.library_hash(PluginKind::Backbone, job.backbone.plugin)},
          {job.data.plugin, registry_.library_hash(PluginKind::Dataset, job.data.plugin)},
          {job.strategy.plugin, registry_.library_hash(PluginKind::Strategy, job.strategy.plugin)}};
}

Json Jobs::train(TrainJob job) {
  job.data_settings = typed(job.data_settings, data_schema());
  job.train_settings = typed(job.train_settings, train_schema());
  if (job.source_data) job.source_data->settings = typed(job.source_data->settings, data_schema());
  set_threads(job.threads);
  Stopwatch watch;
  EventFile events(job.events);
  return told(job, events, watch, [&] {
    check(job.pins);
    Ingredients ingredients;
    ingredients.checkpoint_seconds = checkpoint_seconds_;
    ingredients.dataset = open_pinned(job.data, job.data_root, job.pins);
    ingredients.body = body_of(job, *ingredients.dataset);
    ingredients.taps = &taps_;
    if (job.source_data) ingredients.source_dataset = datasets_.open_again(job.source_data->data, job.data_root);
    ingredients.strategy = registry_.make_strategy(job.strategy);
    ingredients.plugin_hashes = hashes_of(job);
    if (job.source_data)
      ingredients.plugin_hashes[job.source_data->data.plugin] =
          registry_.library_hash(PluginKind::Dataset, job.source_data->data.plugin);
    cambium::train(job, std::move(ingredients), events, watch);
  });
}

Json Jobs::train(const HeadsJob& job) {
  for (const TrainJob& member : job.members) train(member);
  return {{"cell", job.members.at(0).cell}, {"state", "done"}};
}

/// The body that the cell before left frozen, where it is the same network: whether its layers are filled alike is for
/// the trainer to see.
std::shared_ptr<Body> Jobs::body_of(const TrainJob& job, const Dataset& dataset) {
  const ImageShape shape = input_shape(job.data_settings, dataset.info().shape);
  const auto classes = std::int64_t(kept_classes(job.data_settings, dataset.info().classes).size());
  const std::string key = Json{job.backbone,     {shape.channels, shape.height, shape.width}, classes, job.data_root,
                               job.pins.network, job.train_settings.string("precision")}
                              .dump();
  if (body_ && !body_->begun.empty() && body_key_ == key) return body_;
  body_.reset();  // two at once need not fit
  body_ = std::make_shared<Body>(Body{
      Model(make_pinned(job.backbone, shape, job.data_root, job.pins), classes, precision_of(job.train_settings))});
  body_key_ = key;
  return body_;
}

Json Jobs::measure(const MeasureJob& job) {
  set_threads(job.threads);
  Stopwatch watch;
  EventFile events(job.events);
  return told(job, events, watch, [&] {
    check(job.pins);
    MeasureIngredients ingredients;
    ingredients.plugin_hashes = hashes_of(job);
    ingredients.taps = &taps_;
    const auto data = open_pinned(job.data, job.data_root, job.pins);
    ingredients.dataset = data;
    ingredients.backbone = [&, data] {
      return make_pinned(job.backbone, input_shape(job.data_settings, data->info().shape), job.data_root, job.pins);
    };
    ingredients.strategy = registry_.make_strategy(job.strategy);
    if (const auto& source = job.source_cell) {
      check(source->pins);
      const auto from = open_pinned(source->data, job.data_root, source->pins);
      ingredients.source_dataset = from;
      ingredients.source_backbone = [&, from] {
        return make_pinned(source->backbone, input_shape(source->data_settings, from->info().shape), job.data_root,
                           source->pins);
      };
    }
    take_measures(job, std::move(ingredients), events);
  });
}

void Jobs::check(const Pins& pins) const {
  for (const PluginPin& pin : pins.plugins) {
    std::string loaded;
    try {
      loaded = registry_.library_hash(pin.kind, pin.name);
    } catch (const Error&) {
      // It is gone, or cannot be loaded any more.
    }
    if (loaded != pin.sha256)
      changed(fmt::format("the library of the {} {} has changed", to_string(pin.kind), pin.name));
  }
}
std::shared_ptr<const Dataset> Jobs::open_pinned(const Component& data, const std::string& root, const Pins& pins) {
  auto opened = datasets_.open_again(data, root);
  if (!pins.data.empty() && opened->info().fingerprint != pins.data)
    changed(fmt::format("the data of {} has changed", data.plugin));
  return opened;
}
std::unique_ptr<Backbone> Jobs::make_pinned(const Component& backbone, const ImageShape& shape, const std::string& root,
                                            const Pins& pins) const {
  auto made = registry_.make_backbone(backbone, shape, root);
  if (made->fingerprint() != pins.network && !pins.network.empty())
    changed(fmt::format("the file that the network of {} is read from has changed", backbone.plugin));
  return made;
}

}  // namespace cambium
