#include "engine/train/trainer.h"

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "cambium/random.h"
#include "engine/data/images.h"
#include "engine/data/selection.h"
#include "engine/data/selection_record.h"
#include "engine/model/facts.h"
#include "engine/model/model.h"
#include "engine/model/source_weights.h"
#include "engine/train/checkpoint_keeper.h"
#include "engine/train/frozen_statistics.h"
#include "engine/train/optimizer.h"
#include "engine/train/provenance.h"
#include "engine/train/schedule.h"
#include "engine/train/source_mix.h"
#include "protocol/settings.h"
#include "weights/torch/tensor_file.h"

namespace cambium {
namespace {

using Json = nlohmann::json;

TensorMap copied(const TensorMap& tensors) {
  TensorMap result;
  for (const auto& [name, tensor] : tensors) result[name] = tensor.detach().clone();
  return result;
}

std::vector<std::int64_t> all_of(const SealedDataset& data, Split split) {
  std::vector<std::int64_t> indices(data.labels(split).size());
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

/// One attempt at one cell, from its first epoch to its test.
class Training {
 public:
  Training(const TrainJob& job, Ingredients ingredients, EventFile& events, Stopwatch& watch)
      : job_(job),
        settings_(job.train_settings),
        ingredients_(std::move(ingredients)),
        events_(events),
        watch_(watch),
        data_(*ingredients_.dataset, job.data_settings),
        model_(std::move(ingredients_.backbone), std::int64_t(data_.info().classes.size())),
        facts_(network_facts(model_.backbone(), settings_.integer("epochs"))),
        plan_(checked_plan(*ingredients_.strategy, facts_)),
        how_(preprocessing(job.data_settings, model_.backbone().input(), data_.info().shape.channels)),
        plain_(how_.plain()),
        selection_(select_images(data_.labels(Split::Train), data_.labels(Split::Validation).size(),
                                 data_.info().classes, job.data_settings, job.seed)),
        seed_(generation_seed(job.seed, job.generation)),
        train_(data_, Split::Train, selection_.train, how_),
        validation_(data_, selection_.validation_split ? Split::Validation : Split::Train, selection_.validation,
                    plain_),
        optimizer_(settings_) {}

  void run() {
    start();
    bounds_ = batch_bounds(train_.size(), std::size_t(settings_.integer("batch")));
    const Schedule schedule(settings_, std::int64_t(bounds_.size()) - 1);
    const std::int64_t epochs = settings_.integer("epochs");
    for (std::int64_t epoch = done_.epoch; epoch < epochs; ++epoch) {
      begin_phase(epoch);
      Metrics metrics = train_epoch(epoch, schedule);
      validate(epoch + 1, metrics);
      ingredients_.strategy->epoch_end(epoch + 1, metrics);
      log_epoch(epoch + 1, metrics);
      if (const auto loss = metrics.find("val_loss"); loss != metrics.end() && !std::isfinite(loss->second))
        diverged("validation loss", loss->second, fmt::format("epoch {}", epoch + 1));
      if (epoch + 1 < epochs) save(epoch + 1);
    }
    finish();
  }

 private:
  void start() {
    if (train_.size() == 0 && settings_.integer("epochs") > 0)
      throw Error(ErrorKind::Data, "there are no images to train on",
                  "the data set's training split is empty, or all of it is held out for validation");
    std::optional<TensorMap> source;
    if (job_.source && plan_.needs_source()) source = source_tensors(model_, plan_, *job_.source);
    if (plan_.needs_source() && !source)
      throw Error(ErrorKind::Data, "the strategy takes over a network and there is none", "give the stage an init");
    // The start is needed even when training goes on from a checkpoint: a strategy may pull towards it.
    model_.initialise(plan_, source ? &*source : nullptr, seed_);
    fill_frozen_statistics(model_, plan_, train_);
    if (plan_.source_share > 0) {
      if (!job_.source_data || !ingredients_.source_dataset)
        throw Error(ErrorKind::Data, "the strategy mixes in source data and there is none",
                    "start the stage from another one: init = \"stage\"");
      mix_.emplace(*job_.source_data, ingredients_.source_dataset, model_,
                   read_weights(job_.source->path, job_.source->sha256).tensors, plan_.source_share);
    }
    begin_ = copied(state());
    const std::string note = go_on();
    Json record = provenance(job_.threads);
    record["plugins"] = ingredients_.plugin_hashes;
    if (const auto& skipped = data_.info().skipped; !skipped.empty()) record["skipped_images"] = skipped;
    if (const auto& notes = data_.info().notes; !notes.empty()) record["data_notes"] = notes;
    Json event = {{"resumed_epoch", done_.epoch},
                  {"trainable", model_.trainable_parameters(plan_)},
                  {"total", model_.total_parameters()},
                  {"train_images", train_.size()},
                  {"selection", record_selection(job_.selections, data_, selection_)},
                  {"provenance", record}};
    if (!note.empty()) event["note"] = note;
    events_.write("started", event);
    for (const std::string& epoch : done_.history) events_.write("epoch", Json::parse(epoch));
    // What never changes is computed once. Augmented images are never the same, so their prefix is not.
    model_.eval();
    const std::size_t prefix = frozen_prefix(plan_);
    // Nor is it where images of the source go through the same layers.
    if (!how_.augments() && !mix_ && settings_.integer("epochs") > 0) train_.keep_prefix(model_, prefix);
    validation_.keep_prefix(model_, prefix);
  }

  /// Everything that learns or moves: the model's, and the source's head.
  TensorMap state() const {
    TensorMap state = model_.state();
    if (mix_) state.merge(mix_->state());
    return state;
  }
  void load(const TensorMap& state) {
    model_.load_state(state);
    if (mix_) mix_->load_state(state);
  }

  /// Takes up the checkpoint; what stands in its way is told.
  std::string go_on() {
    std::string note;
    auto checkpoint = read_checkpoint(job_.checkpoint, job_.cell, made_with(), note);
    if (!checkpoint) return note;
    if (!fits(*checkpoint, begin_)) return "the checkpoint holds another network's tensors: begun anew";
    done_ = std::move(*checkpoint);
    watch_.add(done_.seconds);
    load(done_.model);
    // A strategy that looks at each epoch has seen these before the interruption.
    for (const std::string& text : done_.history) {
      const Json epoch = Json::parse(text);
      ingredients_.strategy->epoch_end(epoch.at("epoch"), metrics_of(epoch.at("metrics")));
    }
    return note;
  }

  const Phase& phase_of(std::int64_t epoch) const {
    const Phase* phase = &plan_.phases.front();
    for (const Phase& candidate : plan_.phases)
      if (candidate.epoch <= epoch) phase = &candidate;
    return *phase;
  }

  void begin_phase(std::int64_t epoch) {
    const Phase& phase = phase_of(epoch);
    const bool first = epoch == done_.epoch;
    if (!first && phase.epoch != epoch) return;
    model_.begin_phase(phase);
    auto groups = model_.groups(phase, settings_.number("weight_decay"));
    if (mix_) groups.push_back(mix_->begin_phase(phase.layers.back(), settings_.number("weight_decay")));
    optimizer_.set_groups(std::move(groups));
    if (first && done_.epoch > 0) {
      optimizer_.load_state(done_.optimizer);
      optimizer_.set_groups(optimizer_.groups());  // the phase that begins now may leave some out
    }
  }

  Metrics train_epoch(std::int64_t epoch, const Schedule& schedule) {
    at::manual_seed(stream_seed(seed_, "dropout", std::uint64_t(epoch)));
    model_.train();
    const auto order = epoch_order(train_.size(), seed_, epoch);
    const double lr = settings_.number("lr"), smoothing = settings_.number("label_smoothing");
    const auto steps = std::int64_t(bounds_.size()) - 1;
    double loss_sum = 0, source_sum = 0;
    std::int64_t right = 0, mixed_in = 0;
    const TensorMap learning = model_.learning();
    for (std::int64_t step = 0; step < steps; ++step) {
      const std::span positions(order.data() + bounds_[std::size_t(step)],
                                order.data() + bounds_[std::size_t(step) + 1]);
      const at::Tensor targets = train_.targets(positions, seed_, epoch, std::int64_t(data_.info().classes.size()));
      // Of mixed images, the label with the greater share counts as the right one.
      const at::Tensor labels = targets.dim() == 2 ? targets.argmax(1) : targets;
      at::Tensor inputs = train_.inputs(positions, seed_, epoch), features;
      at::Tensor source_loss;
      const auto own = std::int64_t(positions.size());
      std::int64_t others = 0;
      if (mix_) {
        const SourceMix::Batch source = mix_->next(positions.size(), seed_, epoch);
        others = source.labels.size(0);
        features = model_.body(at::cat({inputs, source.inputs}));
        source_loss = at::cross_entropy_loss(mix_->head(features.narrow(0, own, others)), source.labels, {},
                                             at::Reduction::Mean, -100, smoothing);
        features = features.narrow(0, 0, own);
      } else {
        features = model_.body(inputs, train_.from());
      }
      const at::Tensor logits = model_.head(features);
      at::Tensor loss = at::cross_entropy_loss(logits, targets, {}, at::Reduction::Mean, -100, smoothing);
      const double value = loss.item<double>();
      if (mix_) {
        source_sum += source_loss.item<double>() * double(others);
        mixed_in += others;
        loss = loss.mul(double(own)).add(source_loss, double(others)).div(double(own + others));  // a mean by image
      }
      if (const at::Tensor penalty = ingredients_.strategy->penalty({learning, begin_, pooled(features)});
          penalty.defined())
        loss = loss.add(penalty);
      const double in_all = loss.item<double>();
      if (!std::isfinite(value) || !std::isfinite(in_all)) {
        log_epoch(epoch + 1, {{"train_loss", in_all}});
        diverged("loss", in_all, fmt::format("epoch {}, step {}", epoch + 1, step + 1));
      }
      optimizer_.zero_grad();
      if (loss.requires_grad()) loss.backward();
      optimizer_.step(lr, schedule.factor(epoch * steps + step), schedule.momentum(epoch * steps + step));
      loss_sum += value * double(positions.size());
      right += logits.argmax(1).eq(labels).sum().item<std::int64_t>();
    }
    const auto count = double(train_.size());
    Metrics metrics = {{"train_loss", loss_sum / count},
                       {"train_accuracy", double(right) / count},
                       {"lr", lr * schedule.factor((epoch + 1) * steps - 1)}};
    if (mixed_in > 0) metrics["source_train_loss"] = source_sum / double(mixed_in);
    return metrics;
  }

  [[noreturn]] static void diverged(const char* what, double value, const std::string& where) {
    throw Error(ErrorKind::Diverged,
                fmt::format("the {} became {} in {}", what, std::isnan(value) ? "not a number" : "infinite", where),
                "a smaller train.lr, or train.warmup_epochs, usually helps");
  }

  void validate(std::int64_t epoch, Metrics& metrics) {
    if (validation_.size() == 0) return;
    const Score score = evaluate(model_, validation_);
    metrics["val_loss"] = score.loss;
    metrics["val_accuracy"] = score.accuracy;
    if (!(score.accuracy > done_.best_accuracy)) return;
    done_.best_accuracy = score.accuracy;
    done_.best_epoch = epoch;
    done_.best = copied(state());
  }

  void log_epoch(std::int64_t epoch, const Metrics& metrics) {
    const Json event = {{"epoch", epoch}, {"seconds", watch_.seconds()}, {"metrics", metrics_json(metrics)}};
    done_.history.push_back(event.dump());
    events_.write("epoch", event);
  }

  void save(std::int64_t epoch) {
    Checkpoint checkpoint = done_;  // tensors are shared, not copied
    checkpoint.cell = job_.cell;
    checkpoint.epoch = epoch;
    checkpoint.seconds = watch_.seconds();
    checkpoint.model = state();
    checkpoint.optimizer = optimizer_.state();
    keeper_.keep(std::move(checkpoint), made_with());
  }

  /// What bits depend on: a run goes on only with the same.
  MadeWith made_with() const {
    const Json record = provenance(job_.threads);
    MadeWith result = {{"number of threads", std::to_string(job_.threads)},
                       {"network file", model_.backbone().fingerprint()}};
    for (const auto& [name, key] :
         {std::pair{"LibTorch", "torch"}, std::pair{"CPU", "cpu"},
          std::pair{"choice of vector instructions", "instructions"}, std::pair{"BLAS", "blas"}})
      result[name] = record.at(key).get<std::string>();
    for (const auto& [plugin, hash] : ingredients_.plugin_hashes) result["library of plugin " + plugin] = hash;
    return result;
  }

  void finish() {
    data_.open();
    Metrics metrics;
    Json weights = Json::array();
    if (settings_.integer("epochs") == 0 && validation_.size() > 0) {
      const Score score = evaluate(model_, validation_);
      metrics = {{"val_loss", score.loss}, {"val_accuracy", score.accuracy}};
    }
    const bool tested = !data_.labels(Split::Test).empty();
    std::optional<Images> test;
    if (tested) {
      test.emplace(data_, Split::Test, all_of(data_, Split::Test), plain_);
      model_.eval();
      if (!done_.best.empty()) test->keep_prefix(model_, frozen_prefix(plan_));
      const Score score = evaluate(model_, *test);
      metrics["test_loss"] = score.loss;
      metrics["test_accuracy"] = score.accuracy;
      if (!std::isfinite(score.loss)) diverged("test loss", score.loss, "the network as it is after the last epoch");
    }
    if (mix_) test_source(metrics);
    keep(weights, "last", model_.state(), metrics);
    if (!done_.best.empty()) {
      metrics["best_epoch"] = double(done_.best_epoch);
      metrics["best_val_accuracy"] = done_.best_accuracy;
      model_.load_state(done_.best);
      Metrics of_best;
      if (tested) of_best["test_accuracy"] = metrics["test_accuracy_best_val"] = evaluate(model_, *test).accuracy;
      keep(weights, "best", model_.state(), of_best);
    }
    events_.write("finished",
                  {{"seconds", watch_.seconds()}, {"metrics", metrics_json(metrics)}, {"weights", weights}});
    events_.sync();  // before what one could go on from is taken away
    keeper_.remove();
  }

  /// What is left of the source, and what there was of it before: both on its test split, which nothing read until now.
  void test_source(Metrics& metrics) {
    const auto after = mix_->test(model_);
    if (!after) return;
    const TensorMap end = copied(state());
    load(begin_);
    metrics["source_test_accuracy_before"] = mix_->test(model_)->accuracy;
    load(end);
    metrics["source_test_accuracy"] = after->accuracy;
    metrics["source_test_loss"] = after->loss;
  }

  /// Writes a weights file with its card: all that is needed to use it, or to refuse to.
  void keep(Json& weights, const std::string& kind, const TensorMap& state, const Metrics& metrics) {
    if (!job_.keep_weights) return;
    const std::string path = job_.weights_stem + "." + kind + ".safetensors";
    TensorFile file{state, {}};
    file.metadata["format"] = "pt";
    file.metadata["cambium"] = Json{
        {"cell", job_.cell},
        {"kind", kind},
        {"seed", job_.seed},
        {"generation", job_.generation},
        {"backbone", Json(job_.backbone)},
        {"dataset", job_.data.plugin},
        {"fingerprint", data_.info().fingerprint},
        {"classes", data_.info().classes},
        {"mean", how_.mean},
        {"std", how_.std},
        {"interpolation", interpolation(job_.data_settings, model_.backbone().input())},
        {"input", {train_.shape().channels, train_.shape().height, train_.shape().width}},
        {"epochs", kind == "best" ? done_.best_epoch : settings_.integer("epochs")},
        {"metrics",
         metrics_json(metrics)}}.dump();
    const std::string hash = write_safetensors(path, file);
    weights.push_back({{"kind", kind}, {"path", path}, {"sha256", hash}, {"bytes", std::filesystem::file_size(path)}});
  }

  const TrainJob& job_;
  const Params& settings_;
  Ingredients ingredients_;
  EventFile& events_;
  Stopwatch& watch_;
  SealedDataset data_;
  Model model_;
  const NetworkFacts facts_;
  const TransferPlan plan_;
  const Preprocessing how_;
  const Preprocessing plain_;
  const Selection selection_;
  const std::uint64_t seed_;  ///< of all that is drawn but the selection
  Images train_, validation_;
  std::optional<SourceMix> mix_;
  Optimizer optimizer_;
  CheckpointKeeper keeper_{job_.checkpoint, ingredients_.checkpoint_seconds};
  Checkpoint done_;  ///< epochs done, best so far, history
  TensorMap begin_;  ///< the model as training began
  std::vector<std::size_t> bounds_;
};

}  // namespace

void train(const TrainJob& job, Ingredients ingredients, EventFile& events, Stopwatch& watch) {
  Training(job, std::move(ingredients), events, watch).run();
}

}  // namespace cambium
