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
#include "engine/model/facts.h"
#include "engine/model/model.h"
#include "engine/model/source_weights.h"
#include "engine/model/threads.h"
#include "engine/model/torch_version.h"
#include "engine/train/provenance.h"
#include "plugins/registry.h"
#include "protocol/measures.h"
#include "protocol/messages.h"
#include "protocol/settings.h"
#include "protocol/stamps.h"
#include "weights/weights_file.h"
#include "worker/datasets.h"
#include "worker/jobs.h"
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

class Server {
 public:
  Server(const std::vector<std::filesystem::path>& folders, double checkpoint_seconds)
      : registry_(PluginRegistry::load(folders)),
        datasets_(registry_),
        jobs_(registry_, datasets_, checkpoint_seconds) {}

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
    if (what == "train") return jobs_.train(request.get<TrainJob>());
    if (what == "heads") return jobs_.train(request.get<HeadsJob>());
    if (what == "measure") return jobs_.measure(request.get<MeasureJob>());
    return failure_json("\"" + what + "\" is no request", "are cambium and cambium-worker of one version?");
  }

 private:
  using Marks = std::vector<ImageMark>;

  Json dataset(const DatasetRequest& request) {
    const auto data = datasets_.open(request.data, request.data_root);
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
    const auto data = datasets_.open(side.dataset.data, side.dataset.data_root);
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

  PluginRegistry registry_;
  Datasets datasets_;
  Jobs jobs_;
  std::list<std::pair<std::string, std::shared_ptr<const Marks>>> marked_;  ///< by fingerprint and split
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
