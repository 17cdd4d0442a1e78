#include "engine/train/trainer.h"

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <fmt/format.h>

#include <algorithm>
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
#include "engine/train/head_training.h"
#include "engine/train/made_with.h"
#include "engine/train/optimizer.h"
#include "engine/train/provenance.h"
#include "engine/train/run_weights.h"
#include "engine/train/schedule.h"
#include "engine/train/source_mix.h"
#include "protocol/settings.h"
#include "weights/torch/tensor_file.h"

namespace cambium {
namespace {

using Json = nlohmann::json;

constexpr double kWorthTheDisk = 5;  ///< seconds
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
        body_(*ingredients_.body),
        model_(body_.model),
        facts_(network_facts(model_.backbone(), settings_.integer("epochs"))),
        plan_(checked_plan(*ingredients_.strategy, facts_)),
        frozen_(frozen_prefix(plan_)),
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
    if (settings_.string("optimizer") == "lbfgs" && settings_.integer("epochs") > 0) return fit_head(), finish();
    bounds_ = batch_bounds(train_.size(), std::size_t(settings_.integer("batch")));
    const Schedule schedule(settings_, std::int64_t(bounds_.size()) - 1);
    const std::int64_t epochs = settings_.integer("epochs");
    for (std::int64_t epoch = done_.epoch; epoch < epochs; ++epoch) {
      begin_phase(epoch);
      Metrics metrics = head_ ? train_head(epoch, schedule) : train_network(epoch, schedule);
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
    if (plan_.needs_source() && !job_.source)
      throw Error(ErrorKind::Data, "the strategy takes over a network and there is none", "give the stage an init");
    // The start is needed even when training goes on from a checkpoint: a strategy may pull towards it.
    fill(body_, plan_, job_, train_,
         TapsPlace{ingredients_.taps, job_.taps,
                   taps_made_with(job_, model_.backbone().fingerprint(), ingredients_.plugin_hashes)});
    if (plan_.source_share > 0) {
      if (!job_.source_data || !ingredients_.source_dataset)
        throw Error(ErrorKind::Data, "the strategy mixes in source data and there is none",
                    "start the stage from another one: init = \"stage\"");
      mix_.emplace(*job_.source_data, ingredients_.source_dataset, model_,
                   read_weights(job_.source->path, job_.source->sha256).tensors, plan_.source_share);
    }
    begin_ = model_.state();
    for (auto& [name, tensor] : copied(state())) begin_[name] = tensor;
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
    // What never changes is computed once. Augmented images are never the same, so their prefix is not; nor is it where
    // images of the source go through the same layers.
    if (!how_.augments() && !mix_ && settings_.integer("epochs") > 0) feed(train_, true);
    feed(validation_, true);
    if (trains_head_alone(plan_, model_, train_, validation_)) head_.emplace(model_, settings_, train_, validation_);
  }

  void feed(Images& images, bool again) {
    if (const std::string note = body_.prefix->feed(images, again); !note.empty()) note_ = note;
  }

  /// Everything that may learn or move: the model's above the frozen prefix, and the source's head.
  TensorMap state() const {
    TensorMap state = model_.state(frozen_);
    if (mix_) state.merge(mix_->state());
    return state;
  }
  void load(const TensorMap& state) {
    model_.load_state(state, frozen_);
    if (mix_) mix_->load_state(state);
  }

  /// Takes up the checkpoint; what stands in its way is told.
  std::string go_on() {
    std::string note;
    auto checkpoint = read_checkpoint(job_.checkpoint, job_.cell, made_with(), note);
    if (!checkpoint) return note;
    if (!fits(*checkpoint, state())) return "the checkpoint holds another network's tensors: begun anew";
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

  void begin_phase(std::int64_t epoch) {
    const Phase& phase = phase_at(plan_, epoch);
    const bool first = epoch == done_.epoch;
    if (!first && phase.epoch != epoch) return;
    if (head_) {
      head_->begin_phase(phase.head);
      if (first && done_.epoch > 0) head_->load_state(done_.optimizer);
      return;
    }
    model_.begin_phase(phase);
    auto groups = model_.groups(phase, settings_.number("weight_decay"));
    if (mix_) groups.push_back(mix_->begin_phase(phase.layers.back(), settings_.number("weight_decay")));
    optimizer_.set_groups(std::move(groups));
    if (first && done_.epoch > 0) {
      optimizer_.load_state(done_.optimizer);
      optimizer_.set_groups(optimizer_.groups());  // the phase that begins now may leave some out
    }
  }

  /// All iterations are told as one epoch.
  void fit_head() {
    if (!head_)
      throw Error(ErrorKind::System, "the taps that L-BFGS fits a head to find no room", "give the run room: --taps");
    begin_phase(0);
    const LbfgsScore fit = head_->fit();
    if (fit.score.diverged) fail_at(0, *fit.score.diverged, fit.score.loss);
    if (!fit.converged) note_ = fmt::format("L-BFGS ended after {} iterations above its tolerance", fit.iterations);
    Metrics metrics = {{"train_loss", fit.score.loss},
                       {"train_accuracy", double(fit.score.right) / double(train_.size())},
                       {"iterations", double(fit.iterations)}};
    validate(1, metrics);
    ingredients_.strategy->epoch_end(1, metrics);
    log_epoch(1, metrics);
  }

  Metrics train_head(std::int64_t epoch, const Schedule& schedule) {
    const auto steps = std::int64_t(bounds_.size()) - 1;
    const HeadScore score = head_->train(epoch_order(train_.size(), seed_, epoch), bounds_, schedule, epoch * steps);
    if (score.diverged) fail_at(epoch, *score.diverged, score.loss);
    return {{"train_loss", score.loss},
            {"train_accuracy", double(score.right) / double(train_.size())},
            {"lr", settings_.number("lr") * schedule.factor((epoch + 1) * steps - 1)}};
  }

  Metrics train_network(std::int64_t epoch, const Schedule& schedule) {
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
      if (!std::isfinite(value) || !std::isfinite(in_all)) fail_at(epoch, step, in_all);
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

  [[noreturn]] void fail_at(std::int64_t epoch, std::int64_t step, double loss) {
    log_epoch(epoch + 1, {{"train_loss", loss}});
    diverged("loss", loss, fmt::format("epoch {}, step {}", epoch + 1, step + 1));
  }

  [[noreturn]] static void diverged(const char* what, double value, const std::string& where) {
    throw Error(ErrorKind::Diverged,
                fmt::format("the {} became {} in {}", what, std::isnan(value) ? "not a number" : "infinite", where),
                "a smaller train.lr, or train.warmup_epochs, usually helps");
  }

  Score score(const Images& images) {
    return head_ && images.from() == model_.layers() ? head_->evaluate(images) : evaluate(model_, images);
  }

  void validate(std::int64_t epoch, Metrics& metrics) {
    if (validation_.size() == 0) return;
    const Score score = this->score(validation_);
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
    checkpoint.optimizer = head_ ? head_->state() : optimizer_.state();
    keeper_.keep(std::move(checkpoint), made_with());
  }

  MadeWith made_with() const {
    return cambium::made_with(job_.threads, model_.backbone().fingerprint(), ingredients_.plugin_hashes);
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
      feed(*test, head_ || !done_.best.empty());
      const Score score = this->score(*test);
      metrics["test_loss"] = score.loss;
      metrics["test_accuracy"] = score.accuracy;
      if (!std::isfinite(score.loss)) diverged("test loss", score.loss, "the network as it is after the last epoch");
    }
    if (mix_) test_source(metrics);
    keep(weights, "last", metrics);
    if (!done_.best.empty()) {
      metrics["best_epoch"] = double(done_.best_epoch);
      metrics["best_val_accuracy"] = done_.best_accuracy;
      load(done_.best);
      Metrics of_best;
      if (tested) of_best["test_accuracy"] = metrics["test_accuracy_best_val"] = score(*test).accuracy;
      keep(weights, "best", of_best);
    }
    Json event = {{"seconds", watch_.seconds()}, {"metrics", metrics_json(metrics)}, {"weights", weights}};
    if (!note_.empty()) event["note"] = note_;
    events_.write("finished", std::move(event));
    // Before what one could go on from is taken away. What is done again in no time does not wait for the disk.
    if (watch_.seconds() > kWorthTheDisk || std::filesystem::exists(job_.checkpoint)) events_.sync();
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

  void keep(Json& weights, const std::string& kind, const Metrics& metrics) {
    if (!job_.keep_weights) return;
    const RunWeights what{job_,           data_.info(),
                          how_,           interpolation(job_.data_settings, model_.backbone().input()),
                          train_.shape(), kind == "best" ? done_.best_epoch : settings_.integer("epochs")};
    weights.push_back(write_weights(what, kind, model_.state(), metrics));
  }

  const TrainJob& job_;
  const Params& settings_;
  Ingredients ingredients_;
  EventFile& events_;
  Stopwatch& watch_;
  SealedDataset data_;
  Body& body_;
  Model& model_;
  const NetworkFacts facts_;
  const TransferPlan plan_;
  const std::size_t frozen_;  ///< leading layers that never change
  const Preprocessing how_;
  const Preprocessing plain_;
  const Selection selection_;
  const std::uint64_t seed_;  ///< of all that is drawn but the selection
  Images train_, validation_;
  std::optional<SourceMix> mix_;
  Optimizer optimizer_;
  std::optional<HeadTraining> head_;  ///< where nothing else learns
  CheckpointKeeper keeper_{job_.checkpoint, ingredients_.checkpoint_seconds};
  Checkpoint done_;  ///< epochs done, best so far, history
  TensorMap begin_;  ///< the model as training began; what never changes is the model's own
  std::vector<std::size_t> bounds_;
  std::string note_;  ///< of what went otherwise than was wished
};

}  // namespace

void train(const TrainJob& job, Ingredients ingredients, EventFile& events, Stopwatch& watch) {
  warn_of_precision(precision_of(job.train_settings));
  Training(job, std::move(ingredients), events, watch).run();
}

}  // namespace cambium
