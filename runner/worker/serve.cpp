#include "worker/serve.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <iostream>
#include <list>
#include <nlohmann/json.hpp>

#include "cambium/nn.h"
#include "engine/model.h"
#include "engine/provenance.h"
#include "engine/torch_version.h"
#include "engine/trainer.h"
#include "plugins/registry.h"
#include "protocol/messages.h"
#include "protocol/settings.h"

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
  }
}

std::vector<FileStamp> stamps(const std::vector<std::filesystem::path>& files) {
  std::vector<FileStamp> result;
  for (const auto& path : files) {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0)
      result.push_back({path.string(), info.st_size, std::int64_t(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec});
  }
  return result;
}

class Server {
 public:
  explicit Server(const std::vector<std::filesystem::path>& folders) : registry_(PluginRegistry::load(folders)) {}

  Json answer(const Json& request) {
    const std::string what = request.at("do");
    if (what == "describe") {
      Description description = registry_.describe();
      description.torch = kTorchVersion;
      return description;
    }
    if (what == "dataset") return guarded("data", [&] { return dataset(request.get<DatasetRequest>()); });
    if (what == "network") return network(request.get<NetworkRequest>());
    if (what == "train") return train_cell(request.get<TrainJob>());
    return failure_json("\"" + what + "\" is no request", "are cambium and cambium-worker of one version?");
  }

 private:
  /// Opened data sets, the one used last first: a sweep comes back to the same few.
  std::shared_ptr<const Dataset> open(const Component& data, const std::string& root) {
    const std::string key = Json(data).dump() + root;
    for (auto it = opened_.begin(); it != opened_.end(); ++it)
      if (it->first == key) {
        opened_.splice(opened_.begin(), opened_, it);
        return opened_.front().second;
      }
    opened_.emplace_front(key, registry_.make_dataset(data, root));
    if (opened_.size() > 3) opened_.pop_back();
    return opened_.front().second;
  }

  Json dataset(const DatasetRequest& request) {
    const auto data = open(request.data, request.data_root);
    DatasetFacts facts;
    facts.shape = data->info().shape;
    facts.classes = data->info().classes;
    facts.fingerprint = data->info().fingerprint;
    facts.files = stamps(data->info().files);
    for (Split split : kSplits) {
      const auto labels = data->labels(split);
      if (labels.empty()) continue;
      auto& counts = facts.per_class[to_string(split)];
      counts.assign(facts.classes.size(), 0);
      for (std::int64_t label : labels) {
        if (label < 0 || label >= std::int64_t(counts.size())) throw Error(ErrorKind::Plugin, fmt::format("data set {} has the label {} and {} classes", request.data.plugin, label, counts.size()), "this is a fault of the plugin");
        ++counts[std::size_t(label)];
      }
    }
    return facts;
  }

  Json network(const NetworkRequest& request) {
    Model model(registry_.make_backbone(request.backbone, request.shape), request.classes);
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

    model.initialise(uniform_plan(facts, Weights::Fresh, {}), nullptr, 0);
    model.eval();
    at::NoGradGuard no_grad;
    at::Tensor x = at::zeros({1, request.shape.channels, request.shape.height, request.shape.width});
    for (std::size_t l = 0; l < backbone.layers().size(); ++l) {
      const nn::OperationCount operations;
      x = backbone.forward(x, l, l + 1);
      info.layers.push_back({facts.layers[l].name, x.sizes().slice(1).vec(), facts.layers[l].parameters, operations.count()});
    }
    if (x.dim() != 2 || x.size(1) != info.feature_width)
      throw Error(ErrorKind::Plugin, fmt::format("backbone {} gives [{}] and states a feature width of {}", request.backbone.plugin, fmt::join(x.sizes(), ", "), info.feature_width), "its last layer must give [N, feature_width]: a fault of the plugin");
    return info;
  }

  Json train_cell(TrainJob job) {
    job.data_settings = typed(job.data_settings, data_schema());
    job.train_settings = typed(job.train_settings, train_schema());
    set_threads(job.threads);
    EventFile events(job.events);
    const auto failed = [&](const char* kind, const std::string& message, const std::string& hint) -> Json {
      std::fprintf(stderr, "cell %.12s: %s\n", job.cell.c_str(), message.c_str());
      events.write("failed", {{"kind", kind}, {"message", message}, {"hint", hint}});
      return {{"cell", job.cell}, {"state", "failed"}};
    };
    try {
      Ingredients ingredients;
      ingredients.dataset = open(job.data, job.data_root);
      ingredients.backbone = registry_.make_backbone(job.backbone, ingredients.dataset->info().shape);
      ingredients.strategy = registry_.make_strategy(job.strategy);
      ingredients.plugin_hashes = {{job.backbone.plugin, registry_.library_hash(PluginKind::Backbone, job.backbone.plugin)},
                                   {job.data.plugin, registry_.library_hash(PluginKind::Dataset, job.data.plugin)},
                                   {job.strategy.plugin, registry_.library_hash(PluginKind::Strategy, job.strategy.plugin)}};
      train(job, std::move(ingredients), events);
    } catch (const Error& error) {
      return failed(error.kind() == ErrorKind::Diverged ? "diverged" : "error", error.message(), error.hint());
    } catch (const std::bad_alloc&) {
      return failed("error", "there is not enough memory", "a smaller batch, or fewer workers");
    } catch (const std::exception& error) {
      return failed("error", first_line(error), "a fault of a plugin or of Cambium; the log of the worker may say more");
    }
    return {{"cell", job.cell}, {"state", "done"}};
  }

  PluginRegistry registry_;
  std::list<std::pair<std::string, std::shared_ptr<const Dataset>>> opened_;
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

int serve(const std::vector<std::filesystem::path>& plugin_folders, int replies) {
  set_threads(1);
  if (const std::string warning = blas_warning(); !warning.empty()) std::fprintf(stderr, "warning: %s\n", warning.c_str());
  Server server(plugin_folders);
  for (std::string line; std::getline(std::cin, line);) {
    reply(replies, guarded("backbone", [&] { return server.answer(Json::parse(line)); }));
  }
  return 0;
}

}  // namespace cambium
