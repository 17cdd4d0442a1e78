#include "worker/serve.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <list>
#include <nlohmann/json.hpp>

#include "cambium/files.h"
#include "engine/data/overlap.h"
#include "engine/measure/measuring.h"
#include "engine/model/facts.h"
#include "engine/model/model.h"
#include "engine/model/source_weights.h"
#include "engine/model/torch_version.h"
#include "engine/train/blame.h"
#include "engine/train/provenance.h"
#include "engine/train/trainer.h"
#include "plugins/registry.h"
#include "protocol/measures.h"
#include "protocol/messages.h"
#include "protocol/settings.h"
#include "protocol/stamps.h"
#include "weights/weights_file.h"
#include "worker/network.h"

namespace cambium {
namespace {

/// LibTorch's errors carry a stack trace below their first line.
std::string first_line(const std::exception& error) {
  const std::string text = error.what();
  return text.substr(0, text.find('\n'));
}

Json failure_json(const std::string& message, const std::string& hint, const std::string& part = {}) {
  return {{"failure", {{"message", message}, {"hint", hint}, {"part", part}}}};
}

/// What `work` answers; where it throws, a failure of `part`.
template <class Work>
Json guarded(const std::string& part, Work work) {
  try {
    return work();
  } catch (const Error& error) {
    return failure_json(error.message(), error.hint(), part);
  } catch (const std::bad_alloc&) {
    return failure_json("there is not enough memory", "a smaller network or data set, or fewer workers", part);
  } catch (const std::exception& error) {
    return failure_json(first_line(error), "a fault of a plugin or of Cambium", part);
  } catch (...) {
    return failure_json("a plugin threw something that is no exception", "let it throw cambium::Error", part);
  }
}

/// No fault of the cell's: it was planned with something else.
[[noreturn]] void changed(const std::string& what) {
  throw Error(ErrorKind::System, what + " since the study was checked",
              "run the same command again: the cells are then those of what is there now");
}

class Server {
 public:
  Server(const std::vector<std::filesystem::path>& folders, double checkpoint_seconds)
      : registry_(PluginRegistry::load(folders)), checkpoint_seconds_(checkpoint_seconds) {}

  Json answer(const Json& request) {
    const std::string what = request.at("do");
    if (what == "hello") return {{"hello", kTorchVersion}};
    if (what == "describe") {
      Description description = registry_.describe();
      description.torch = kTorchVersion;
      return description;
    }
    if (what == "dataset") return guarded("data", [&] { return dataset(request.get<DatasetRequest>()); });
    if (what == "network") return network(request.get<NetworkRequest>());
    if (what == "overlap") return guarded("data", [&] { return overlap(request.get<OverlapRequest>()); });
    if (what == "weights") return weights(request.get<WeightsRequest>());
    if (what == "train") return train_cell(request.get<TrainJob>());
    if (what == "measure") return measure_cell(request.get<MeasureJob>());
    return failure_json("\"" + what + "\" is no request", "are cambium and cambium-worker of one version?");
  }

 private:
  /// A data set in memory, and what its files were when it was read.
  struct Opened {
    std::string key;
    std::shared_ptr<const Dataset> data;
    std::vector<FileStamp> stamps;
  };

  using Marks = std::vector<ImageMark>;

  /// From the few that were used last, if its files are as they were: a sweep comes back to the same ones.
  std::shared_ptr<const Dataset> open(const Component& data, const std::string& root) {
    const std::string key = Json(data).dump() + root;
    const auto found =
        std::find_if(opened_.begin(), opened_.end(), [&](const Opened& opened) { return opened.key == key; });
    if (found != opened_.end() && found->stamps == file_stamps(found->data->info().files)) {
      opened_.splice(opened_.begin(), opened_, found);
      return opened_.front().data;
    }
    if (found != opened_.end()) opened_.erase(found);
    std::shared_ptr<const Dataset> made = registry_.make_dataset(data, root);
    opened_.push_front({key, made, file_stamps(made->info().files)});
    if (opened_.size() > 3) opened_.pop_back();
    return made;
  }

  /// open() for a job: the data could be read when the study was checked, so what stands in the way now is the
  /// machine's. It tells so in the loader's own words.
  std::shared_ptr<const Dataset> open_again(const Component& data, const std::string& root) {
    try {
      return open(data, root);
    } catch (...) {
      throw_on(blame());
    }
  }

  [[noreturn]] static void throw_on(const Blame& blame) {
    if (std::string_view(blame.kind) == "memory") throw std::bad_alloc();
    throw Error(ErrorKind::System, blame.message,
                (blame.hint.empty() ? "" : blame.hint + "; ") + "the same command goes on once it can be read again");
  }

  /// In a handler of what `job` threw: what can no longer be read, data or weights, is the machine's fault.
  template <class Job>
  void excuse(const Job& job) {
    const Blame blame = cambium::blame();
    const auto gone = [&](const Component& data) {
      const std::string key = Json(data).dump() + job.data_root;
      return std::any_of(opened_.begin(), opened_.end(), [&](const Opened& opened) {
        return opened.key == key && opened.stamps != file_stamps(opened.data->info().files);
      });
    };
    bool excused = gone(job.data);
    if constexpr (requires { job.source_data; }) excused = excused || (job.source_data && gone(job.source_data->data));
    if constexpr (requires { job.source_cell; }) excused = excused || (job.source_cell && gone(job.source_cell->data));
    if (std::string_view(blame.kind) == "data" && job.source && !is_whole(*job.source)) excused = true;
    if (excused) throw_on(blame);
  }

  static bool is_whole(const WeightsRef& weights) {
    try {
      return weights.sha256.empty() || sha256_file(weights.path) == weights.sha256;
    } catch (const Error&) {
      return false;
    }
  }

  Json dataset(const DatasetRequest& request) {
    const auto data = open(request.data, request.data_root);
    DatasetFacts facts;
    facts.shape = data->info().shape;
    facts.classes = data->info().classes;
    facts.fingerprint = data->info().fingerprint;
    facts.skipped = data->info().skipped;
    facts.notes = data->info().notes;
    facts.files = file_stamps(data->info().files);
    for (Split split : kSplits) {
      const auto labels = data->labels(split);
      if (labels.empty()) continue;
      auto& counts = facts.per_class[to_string(split)];
      counts.assign(facts.classes.size(), 0);
      for (std::int64_t label : labels) {
        if (label < 0 || label >= std::int64_t(counts.size()))
          throw Error(
              ErrorKind::Plugin,
              fmt::format("data set {} has the label {} and {} classes", request.data.plugin, label, counts.size()),
              "this is a fault of the plugin");
        ++counts[std::size_t(label)];
      }
    }
    return facts;
  }

  /// The marks of one side, those used last kept, and its files' stamps added to `files`.
  std::shared_ptr<const Marks> marks(const OverlapSide& side, std::vector<FileStamp>& files) {
    const auto split =
        std::find_if(kSplits.begin(), kSplits.end(), [&](Split s) { return side.split == to_string(s); });
    if (split == kSplits.end())
      throw Error(ErrorKind::Data, "there is no split \"" + side.split + "\"", "take train, validation or test");
    const auto data = open(side.dataset.data, side.dataset.data_root);
    for (FileStamp& stamp : file_stamps(data->info().files)) files.push_back(std::move(stamp));
    const std::string key = data->info().fingerprint + side.split;
    const auto found = std::find_if(marked_.begin(), marked_.end(), [&](const auto& one) { return one.first == key; });
    if (found != marked_.end())
      marked_.splice(marked_.begin(), marked_, found);
    else
      marked_.emplace_front(key, std::make_shared<const Marks>(mark_images(*data, *split)));
    if (marked_.size() > 4) marked_.pop_back();
    return marked_.front().second;
  }

  Json overlap(const OverlapRequest& request) {
    const Json json = request;
    const bool same = json.at("a") == json.at("b");
    std::vector<FileStamp> files;
    OverlapFacts facts;
    try {
      const auto a = marks(request.a, files), b = same ? a : marks(request.b, files);
      facts = find_overlap(*a, *b, same);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Data) throw;
      return failure_json(error.message(), error.hint(), "images");  // that training would meet too
    }
    facts.files = std::move(files);
    return facts;
  }

  Json network(const NetworkRequest& request) {
    Model model(registry_.make_backbone(request.backbone, request.shape, request.data_root), request.classes);
    const Backbone& backbone = model.backbone();
    NetworkInfo info;
    const NetworkFacts facts = network_facts(backbone, request.epochs);
    const Json failed = guarded("strategy", [&] {
      info.plan = checked_plan(*registry_.make_strategy(request.strategy), facts);
      return Json();
    });
    if (!failed.is_null()) return failed;
    info.feature_width = backbone.feature_width();
    info.total = model.total_parameters();
    info.trainable = model.trainable_parameters(info.plan);
    info.input = backbone.input();
    info.fingerprint = backbone.fingerprint();
    info.files = file_stamps(backbone.files());

    try_out(model, request, info);
    return info;
  }

  Json weights(const WeightsRequest& request) {
    const NetworkRequest& network = request.network;
    const Model model(registry_.make_backbone(network.backbone, network.shape, network.data_root), network.classes);
    const TransferPlan plan =
        checked_plan(*registry_.make_strategy(network.strategy), network_facts(model.backbone(), network.epochs));
    WeightsFit fit = weights_fit(model, plan, WeightsFile(request.weights.path), choice_of(request.weights));
    fit.files = file_stamps(model.backbone().files());
    return fit;
  }

  Json train_cell(TrainJob job) {
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
      ingredients.backbone = make_pinned(
          job.backbone, input_shape(job.data_settings, ingredients.dataset->info().shape), job.data_root, job.pins);
      if (job.source_data) ingredients.source_dataset = open_again(job.source_data->data, job.data_root);
      ingredients.strategy = registry_.make_strategy(job.strategy);
      ingredients.plugin_hashes = {
          {job.backbone.plugin, registry_.library_hash(PluginKind::Backbone, job.backbone.plugin)},
          {job.data.plugin, registry_.library_hash(PluginKind::Dataset, job.data.plugin)},
          {job.strategy.plugin, registry_.library_hash(PluginKind::Strategy, job.strategy.plugin)}};
      if (job.source_data)
        ingredients.plugin_hashes[job.source_data->data.plugin] =
            registry_.library_hash(PluginKind::Dataset, job.source_data->data.plugin);
      train(job, std::move(ingredients), events, watch);
    });
  }

  Json measure_cell(const MeasureJob& job) {
    set_threads(job.threads);
    Stopwatch watch;
    EventFile events(job.events);
    return told(job, events, watch, [&] {
      check(job.pins);
      MeasureIngredients ingredients;
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

  void check(const Pins& pins) const {
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
  std::shared_ptr<const Dataset> open_pinned(const Component& data, const std::string& root, const Pins& pins) {
    auto opened = open_again(data, root);
    if (!pins.data.empty() && opened->info().fingerprint != pins.data)
      changed(fmt::format("the data of {} has changed", data.plugin));
    return opened;
  }
  std::unique_ptr<Backbone> make_pinned(const Component& backbone, const ImageShape& shape, const std::string& root,
                                        const Pins& pins) const {
    auto made = registry_.make_backbone(backbone, shape, root);
    if (made->fingerprint() != pins.network && !pins.network.empty())
      changed(fmt::format("the file that the network of {} is read from has changed", backbone.plugin));
    return made;
  }

  /// Does `work` for a cell and answers how it ended; what it throws is told in the event file.
  template <class Job, class Work>
  Json told(const Job& job, EventFile& events, const Stopwatch& watch, Work work) {
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

  PluginRegistry registry_;
  double checkpoint_seconds_;
  std::list<Opened> opened_;                                                ///< the one used last first
  std::list<std::pair<std::string, std::shared_ptr<const Marks>>> marked_;  ///< likewise, by fingerprint and split
};

void reply(int descriptor, const Json& json) {
  const std::string line = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  for (std::size_t done = 0; done < line.size();) {
    const auto count = ::write(descriptor, line.data() + done, line.size() - done);
    if (count < 0 && errno != EINTR) std::exit(1);  // nobody listens
    if (count > 0) done += std::size_t(count);
  }
}

}  // namespace

int serve(const std::vector<std::filesystem::path>& plugin_folders, double checkpoint_seconds, int replies) {
  set_threads(1);
  if (const std::string warning = blas_warning(); !warning.empty())
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  Server server(plugin_folders, checkpoint_seconds);
  for (std::string line; std::getline(std::cin, line);) {
    reply(replies, guarded("backbone", [&] { return server.answer(Json::parse(line)); }));
  }
  return 0;
}

}  // namespace cambium
