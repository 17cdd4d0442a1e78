#include "engine/measure/measuring.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>

#include "cambium/files.h"
#include "engine/measure/layer_measures.h"
#include "engine/measure/task.h"
#include "engine/model/facts.h"
#include "engine/model/source_weights.h"
#include "engine/taps/frozen_prefix.h"
#include "engine/train/blame.h"
#include "engine/train/frozen_statistics.h"
#include "engine/train/made_with.h"
#include "measures/calibration.h"
#include "measures/divergence.h"
#include "measures/filters.h"
#include "measures/neighbours.h"
#include "measures/npy.h"
#include "measures/transferability.h"
#include "weights/torch/tensor_file.h"

namespace cambium {
namespace {

struct Result {
  LayerValues values;
  Json files = Json::array();
};

class Measuring {
 public:
  Measuring(const MeasureJob& job, MeasureIngredients ingredients)
      : job_(job),
        ingredients_(std::move(ingredients)),
        task_(*ingredients_.dataset, job.data_settings, ingredients_.backbone()->input(), job.seed) {
    const auto& measures = job.measures;
    if (std::any_of(measures.begin(), measures.end(), [](const Measure& m) { return networks_of(m).end; })) end();
  }

  Result take(const Measure& measure) {
    using Taker = Result (Measuring::*)(const Params&);
    static const std::map<std::string, Taker> kTakers = {
        {"logme", &Measuring::log_me},
        {"leep", &Measuring::leep},
        {"nce", &Measuring::nce},
        {"hscore", &Measuring::h_score},
        {"knn", &Measuring::knn},
        {"cka", &Measuring::cka},
        {"weight_distance", &Measuring::weight_distance},
        {"gradient_norm", &Measuring::gradient_norm},
        {"a_distance", &Measuring::a_distance},
        {"bound", &Measuring::bound},
        {"ece", &Measuring::ece},
        {"confusion", &Measuring::confusion},
        {"per_class", &Measuring::per_class},
        {"taps", &Measuring::taps},
        {"filters", &Measuring::filters},
    };
    label_ = label(measure);
    return (this->*kTakers.at(measure.name))(measure.params);
  }

 private:
  static std::int64_t classes(const Task& task) { return std::int64_t(task.classes().size()); }

  /// The network as it ended.
  Model& end() {
    if (end_) return *end_;
    Model model(ingredients_.backbone(), classes(task_), precision_of(job_.train_settings));
    model.load_state(read_weights(job_.weights.path, job_.weights.sha256).tensors);
    return end_.emplace(std::move(model));
  }

  /// The network as training began.
  Model& start() {
    if (start_) return *start_;
    Model model(ingredients_.backbone(), classes(task_), precision_of(job_.train_settings));
    const TransferPlan plan =
        checked_plan(*ingredients_.strategy, network_facts(model.backbone(), job_.train_settings.integer("epochs")));
    std::optional<TensorMap> source;
    if (plan.needs_source() && job_.source) source = source_tensors(model, plan, *job_.source);
    model.initialise(plan, source ? &*source : nullptr, generation_seed(job_.seed, job_.generation));
    fill_frozen_statistics(model, plan, task_.in_order(Split::Train, std::numeric_limits<std::int64_t>::max()));
    return start_.emplace(std::move(model));
  }

  /// The network that was started from, with its own head, and what it was trained on.
  Model& source() {
    if (source_) return *source_;
    if (!job_.source_cell || !job_.source)
      throw Error(ErrorKind::Data, "the cell starts from no other cell", "give the stage an init");
    const TensorMap weights = read_weights(job_.source->path, job_.source->sha256).tensors;
    auto backbone = ingredients_.source_backbone();
    source_task_.emplace(*ingredients_.source_dataset, job_.source_cell->data_settings, backbone->input(),
                         job_.source_cell->seed);
    Model model(std::move(backbone), classes(*source_task_));
    model.load_state(weights);
    return source_.emplace(std::move(model));
  }

  Model& network(const Params& params) { return params.string("at") == "start" ? start() : end(); }

  /// One past the layer that is asked for.
  static std::size_t depth(const Model& model, const Params& params) {
    const std::string& name = params.string("layer");
    const auto& layers = model.backbone().layers();
    for (std::size_t l = 0; l < layers.size(); ++l)
      if (layers[l].name == name) return l + 1;
    if (!name.empty())
      throw Error(ErrorKind::Data, "the network has no layer " + name, "`cambium show` tells its layers");
    return layers.size();
  }

  /// Pooled taps [N, C], kept since several measures may want them.
  const at::Tensor& taps_of(Model& model, Task& task, Split split, const Params& params) {
    const std::size_t to = depth(model, params);
    at::Tensor& taps = taps_[{&model, &task, split, to, params.integer("images")}];
    if (taps.defined()) return taps;
    Images images = task.drawn(split, params.integer("images"));
    feed(model, images, to);
    return taps = over_images(model, images,
                              [&](const at::Tensor& x) { return pooled(model.features(x, to, images.from())); });
  }

  /// Lets `images` give what frozen layers below `to` give, where that is kept.
  void feed(Model& model, Images& images, std::size_t to) {
    const std::size_t layers = std::min(frozen(model), to);
    if (layers == 0 || job_.taps.cuts.empty()) return;
    model.eval();
    auto found = prefixes_.find({&model, layers});
    if (found == prefixes_.end()) {
      TapsPlace place{ingredients_.taps, job_.taps,
                      taps_made_with(job_, model.backbone().fingerprint(), ingredients_.plugin_hashes)};
      found = prefixes_.try_emplace({&model, layers}, model, layers, std::move(place)).first;
    }
    found->second.feed(images, false);
  }

  /// Leading layers that were never trained in the cell.
  std::size_t frozen(const Model& model) const {
    const bool own = (end_ && &model == &*end_) || (start_ && &model == &*start_);
    if (!own) return 0;
    return frozen_prefix(
        checked_plan(*ingredients_.strategy, network_facts(model.backbone(), job_.train_settings.integer("epochs"))));
  }
  static at::Tensor labels(Task& task, Split split, const Params& params) {
    return labels_of(task.drawn(split, params.integer("images")));
  }

  at::Tensor predictions(Model& model, Images& images) {
    feed(model, images, model.layers());
    return at::softmax(over_images(model, images, [&](const at::Tensor& x) { return model.forward(x, images.from()); }),
                       1);
  }
  /// Of the trained network on all test images.
  const at::Tensor& tested() {
    if (!tested_.defined()) {
      Images images = all_test(task_);
      tested_ = predictions(end(), images);
      test_labels_ = labels_of(images);
    }
    return tested_;
  }
  static Images all_test(Task& task) { return task.in_order(Split::Test, std::numeric_limits<std::int64_t>::max()); }

  Result log_me(const Params& p) {
    return {{{"logme", measures::log_me(taps_of(network(p), task_, Split::Train, p), labels(task_, Split::Train, p))}}};
  }

  Result leep(const Params& p) {
    Model& model = source();
    Images images = task_.drawn(Split::Train, p.integer("images"));
    return {{{"leep", measures::leep(predictions(model, images), labels_of(images))}}};
  }

  Result nce(const Params& p) {
    Model& model = source();
    Images images = task_.drawn(Split::Train, p.integer("images"));
    return {{{"nce", measures::nce(predictions(model, images).argmax(1), labels_of(images))}}};
  }

  Result h_score(const Params& p) {
    const auto score = measures::h_score(taps_of(network(p), task_, Split::Train, p), labels(task_, Split::Train, p));
    return {{{"hscore", score.plain}, {"regularised", score.regularised}, {"shrinkage", score.shrinkage}}};
  }

  Result knn(const Params& p) {
    Model& model = network(p);
    const bool test = p.string("split") == "test";
    const Split asked = test ? Split::Test : Split::Train;
    const auto metric = p.string("metric") == "l2" ? measures::Metric::L2 : measures::Metric::Cosine;
    return {{{"accuracy", measures::knn_accuracy(taps_of(model, task_, Split::Train, p), labels(task_, Split::Train, p),
                                                 taps_of(model, task_, asked, p), labels(task_, asked, p),
                                                 p.integer("k"), metric, !test)}}};
  }

  Result cka(const Params& p) { return {layer_cka(start(), end(), task_.held_out(p.integer("images")))}; }
  Result weight_distance(const Params&) { return {weight_distances(start(), end())}; }
  Result gradient_norm(const Params& p) {
    return {gradient_norms(end(), task_.drawn(Split::Train, p.integer("images")))};
  }

  measures::Divergence divergence(const Params& p) {
    Model& model = source();
    return measures::proxy_a_distance(taps_of(model, *source_task_, Split::Train, p),
                                      taps_of(model, task_, Split::Train, p));
  }

  Result a_distance(const Params& p) {
    const auto far = divergence(p);
    return {{{"a_distance", far.distance}, {"error", far.error}}};
  }

  Result bound(const Params& p) {
    Model& model = source();
    const double source_error = 1 - evaluate(model, all_test(*source_task_)).accuracy;
    const auto far = divergence(p);
    // Each task has classes of its own: an image is told from the others of its task.
    const auto first = classes(*source_task_), all = first + classes(task_);
    const at::Tensor own = at::arange(all, at::kLong) < first;
    const auto joint = measures::joint_error(
        taps_of(model, *source_task_, Split::Train, p), labels(*source_task_, Split::Train, p), own,
        taps_of(model, task_, Split::Train, p), labels(task_, Split::Train, p) + first, own.logical_not());
    const double target_error = 1 - evaluate(end(), all_test(task_)).accuracy;
    return {{{"source_error", source_error},
             {"half_divergence", far.distance / 2},
             {"lambda", joint.lambda()},
             {"bound", source_error + far.distance / 2 + joint.lambda()},
             {"target_error", target_error},
             {"a_distance", far.distance},
             {"lambda_source", joint.source},
             {"lambda_target", joint.target}}};
  }

  Result ece(const Params& p) {
    const auto result = measures::calibration(tested(), test_labels_, p.integer("bins"));
    return {{{"ece", result.error},
             {"mce", result.worst},
             {"confidence", result.confidence},
             {"accuracy", result.accuracy}}};
  }

  at::Tensor confusion_matrix() {
    const at::Tensor predicted = tested().argmax(1);
    return measures::confusion_matrix(predicted, test_labels_, classes(task_));
  }

  Result confusion(const Params&) {
    const at::Tensor counts = confusion_matrix();
    const auto& names = task_.classes();
    Result result;
    for (std::size_t truth = 0; truth < names.size(); ++truth)
      for (std::size_t told = 0; told < names.size(); ++told)
        if (const auto count = counts[std::int64_t(truth)][std::int64_t(told)].item<std::int64_t>(); count > 0)
          result.values.emplace_back(names[truth] + " -> " + names[told], double(count));
    return result;
  }

  Result per_class(const Params&) {
    const at::Tensor accuracy = measures::class_accuracy(confusion_matrix());
    Result result;
    for (std::size_t c = 0; c < task_.classes().size(); ++c)
      result.values.emplace_back(task_.classes()[c], accuracy[std::int64_t(c)].item<double>());
    return result;
  }

  Result taps(const Params& p) {
    Model& model = network(p);
    const std::size_t to = depth(model, p);
    const bool averaged = p.boolean("pooled");
    Images images = task_.in_order(p.string("split") == "test" ? Split::Test : Split::Train, p.integer("images"));
    feed(model, images, to);
    Result result;
    const std::string path = file_path(".npy");
    std::optional<measures::NpyFile> file;
    over_batches(model, images, [&](const at::Tensor& x) {
      at::Tensor tap = model.features(x, to, images.from()).contiguous();
      if (averaged) tap = pooled(tap);
      if (!file) {
        std::vector<std::int64_t> shape = tap.sizes().vec();
        shape[0] = std::int64_t(images.size());
        file.emplace(path, shape, true);
        result.values = {{"images", double(images.size())}, {"width", double(tap[0].numel())}};
      }
      file->append(tap);
    });
    const std::string hash = file->close();
    note(result, "taps", path, hash, std::int64_t(std::filesystem::file_size(path)));
    keep(result, "labels", ".labels.npy", measures::npy(labels_of(images)));
    return result;
  }

  Result filters(const Params& p) {
    const Model& model = network(p);
    const Layer& first = model.backbone().layers().front();
    for (const NamedParameter& parameter : first.module->parameters(first.prefix))
      if (parameter.value.dim() == 4) {
        Result result;
        result.values = {{"filters", double(parameter.value.size(0))}};
        keep(result, "picture", ".png", measures::png(measures::filter_grid(parameter.value.detach())));
        return result;
      }
    throw Error(ErrorKind::Data, fmt::format("the first layer, {}, has no filters to look at", first.name),
                "take the measure out: it is for networks that begin with a convolution");
  }

  /// Of a file beside the database, named after the cell and the measure.
  std::string file_path(const char* suffix) const {
    std::string name = label_;
    for (char& c : name)
      if (c == '(' || c == ',' || c == '/') c = '.';
    std::erase_if(name, [](char c) { return c == ')' || c == ' '; });
    return job_.files_stem + "." + name + suffix;
  }

  void keep(Result& result, const char* kind, const char* suffix, const std::string& bytes) const {
    const std::string path = file_path(suffix);
    write_file(path, bytes);
    note(result, kind, path, sha256(bytes), std::int64_t(bytes.size()));
  }

  static void note(Result& result, const char* kind, const std::string& path, const std::string& hash,
                   std::int64_t bytes) {
    result.files.push_back({{"kind", kind}, {"path", path}, {"sha256", hash}, {"bytes", bytes}});
  }

  using TapsKey = std::tuple<const Model*, const Task*, Split, std::size_t, std::int64_t>;

  const MeasureJob& job_;
  MeasureIngredients ingredients_;
  Task task_;
  std::optional<Model> start_, end_, source_;
  std::optional<Task> source_task_;
  std::map<TapsKey, at::Tensor> taps_;
  std::map<std::pair<const Model*, std::size_t>, FrozenPrefix> prefixes_;
  at::Tensor tested_, test_labels_;
  std::string label_;
};

}  // namespace

void take_measures(const MeasureJob& job, MeasureIngredients ingredients, EventFile& events) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const auto since = [](Clock::time_point from) { return std::chrono::duration<double>(Clock::now() - from).count(); };
  Measuring measuring(job, std::move(ingredients));
  for (const Measure& measure : job.measures) {
    const auto from = Clock::now();
    const int version = find_measure(measure.name)->version;
    try {
      const Result result = measuring.take(measure);
      Json values = Json::array();
      for (const auto& [key, value] : result.values) values.push_back({key, number_json(value)});
      events.write("measured", {{"measure", label(measure)},
                                {"version", version},
                                {"values", values},
                                {"files", result.files},
                                {"seconds", since(from)}});
    } catch (...) {
      const Blame failed = blame();
      events.write("unmeasured", {{"measure", label(measure)},
                                  {"version", version},
                                  {"kind", failed.kind},
                                  {"message", failed.message},
                                  {"hint", failed.hint},
                                  {"seconds", since(from)}});
    }
  }
  events.write("finished", {{"seconds", since(begin)}});
}

}  // namespace cambium
