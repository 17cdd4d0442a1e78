#include "plan/shared_images.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <tuple>

namespace cambium {
namespace {

constexpr double kManyExact = 0.01;  ///< of the images looked at
constexpr double kManyNear = 0.25;   // digits alone make 0.06 of MNIST look alike, and shirts 0.12 of Fashion-MNIST

/// A question about two splits, and the cells that ask it.
struct Question {
  OverlapRequest request;
  Place place;
  std::string stage;
  bool disjoint = false;   ///< of training images, for an init that wants it proved
  bool selection = false;  ///< of the validation images, by which the best epoch is chosen
  bool subset = false;     ///< of the classes of either: an answer about all of them may be about the others
  bool errors = false, warnings = false;
};

/// Questions of one stage about data of the same plugins, whose answers are worth one warning.
struct Shared {
  Place place;
  OverlapFacts most;
  std::int64_t pairs = 0;  ///< of data sets
};
using SharedBy = std::map<std::tuple<std::string, std::string, std::string>, Shared>;  ///< stage, of, from

void warn(const SharedBy& shared, Problems& problems) {
  for (const auto& [key, found] : shared) {
    const auto& [stage, of, from] = key;
    problems.warning(
        found.place,
        fmt::format(
            "in stage {}, {} of {} test images of {} are exactly, and {} nearly, among the training images of {}{}",
            stage, found.most.exact, found.most.images_b, of, found.most.near, from,
            found.pairs == 1 ? "" : fmt::format(", in the worst of {} pairs of data sets", found.pairs)),
        "accuracies may be that much too high; allow = [\"shared-images\"] takes it on knowingly");
  }
}

void tell(const Question& question, const OverlapFacts& facts, SharedBy& shared, Problems& problems) {
  const std::string from = question.request.a.dataset.data.plugin, of = question.request.b.dataset.data.plugin;
  const auto part = [&](std::int64_t count) {
    return double(count) / double(std::max<std::int64_t>(1, facts.images_b));
  };
  if (question.disjoint) {
    if (facts.exact > 0)
      problems.error(
          question.place,
          fmt::format(
              "stage {} and what it starts from are not disjoint: {} of {} training images of {} are also in {}",
              question.stage, facts.exact, facts.images_b, of, from),
          "choose other data, or take disjoint out");
    return;
  }
  if (question.selection) {
    if (part(facts.exact) > kManyExact && question.errors)
      problems.error(
          question.place,
          fmt::format("in stage {}, {} of {} test images of {} are among its validation images, by which the best "
                      "epoch is chosen",
                      question.stage, facts.exact, facts.images_b, of),
          "validate on other images, as with validation = 0.1; allow = [\"test-images\"] takes it on knowingly");
    return;
  }
  const bool own = Json(question.request.a.dataset.data) == Json(question.request.b.dataset.data);
  if (part(facts.exact) > kManyExact && !own && !question.subset) {
    if (question.errors)
      problems.error(question.place,
                     fmt::format("in stage {}, {} of {} test images of {} are among the training images of {}",
                                 question.stage, facts.exact, facts.images_b, of, from),
                     "the test would tell what was learned by heart; allow = [\"test-images\"] takes it on knowingly");
  } else if (question.warnings && (facts.exact > 0 || part(facts.near) > kManyNear)) {
    Shared& found = shared[{question.stage, of, from}];
    const auto amount = [](const OverlapFacts& of) { return std::pair(of.exact, of.near); };
    if (++found.pairs == 1 || amount(found.most) < amount(facts)) {
      found.place = question.place;
      found.most = facts;
    }
  }
}

}  // namespace

void check_shared_images(const Study& study, const Plan& plan, Resolver& resolver,
                         const std::filesystem::path& data_root, Problems& problems) {
  std::map<std::tuple<std::string, std::string, std::string>, Question>
      questions;  // each pair of splits is told of once
  const auto ask = [&](const Stage& stage, const Cell& first, const char* first_split, const Cell& second,
                       const char* split) {
    if (!second.dataset->per_class.count(split) || !first.dataset->per_class.count(first_split)) return;
    const bool disjoint = std::string_view(split) == "train";
    if (first.dataset->images > kMostImages || second.dataset->images > kMostImages) {
      if (disjoint)
        problems.warning(second.data->place,
                         fmt::format("stage {} is not proved disjoint from what it starts from", stage.name),
                         fmt::format("data sets of more than {} images are not looked through", kMostImages));
      return;
    }
    const std::string a = Json(first.data->component).dump(), b = Json(second.data->component).dump();
    Question& question = questions[{first_split + a, b, split}];
    const auto allowed = [&](const char* rule) { return std::count(stage.allow.begin(), stage.allow.end(), rule) > 0; };
    const auto whole = [](const Cell& cell) {
      return std::int64_t(cell.dataset->classes.size()) == cell.dataset->all_classes;
    };
    const bool errors = !allowed("test-images"), warnings = !allowed("shared-images");
    question.subset = question.subset || !whole(first) || !whole(second);
    if (!question.stage.empty() && (question.errors || !errors) && (question.warnings || !warnings)) return;
    question.request = {{{first.data->component, data_root.string()}, first_split},
                        {{second.data->component, data_root.string()}, split}};
    question.place = second.data->place;
    question.stage = stage.name;
    question.disjoint = disjoint;
    question.selection = std::string_view(first_split) == "validation";
    question.errors = question.errors || errors;
    question.warnings = question.warnings || warnings;
  };
  for (const Entry& entry : plan.entries) {
    const Stage& stage = study.stages[entry.stage];
    const Cell& cell = plan.cells[entry.cell];
    ask(stage, cell, "train", cell, "test");
    const Params& data = cell.data->settings;
    if (data.number("validation") == 0 && data.integer("validation_per_class") == 0)
      ask(stage, cell, "validation", cell, "test");  // a validation split of the data set's own
    if (cell.source < 0) continue;
    const Cell& source = plan.cells[std::size_t(cell.source)];
    for (int s = cell.source; s >= 0; s = plan.cells[std::size_t(s)].source)
      ask(stage, plan.cells[std::size_t(s)], "train", cell, "test");
    if (cell.disjoint && source.dataset->fingerprint != cell.dataset->fingerprint)
      ask(stage, source, "train", cell, "train");
  }
  std::vector<OverlapRequest> requests;
  for (const auto& [key, question] : questions) requests.push_back(question.request);
  if (requests.empty()) return;
  const auto answers = resolver.overlaps(requests);
  SharedBy shared;
  std::size_t i = 0;
  for (const auto& [key, question] : questions) {
    if (answers[i].failure && answers[i].failure->part == "images")
      problems.error(question.place, answers[i].failure->message, answers[i].failure->hint);
    else if (answers[i].failure)
      problems.warning(question.place,
                       fmt::format("stage {} was not looked through for shared images: {}", question.stage,
                                   answers[i].failure->message),
                       answers[i].failure->hint);
    else
      tell(question, answers[i], shared, problems);
    ++i;
  }
  warn(shared, problems);
}

}  // namespace cambium
