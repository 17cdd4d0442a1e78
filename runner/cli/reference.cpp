#include "cli/reference.h"

#include <fmt/format.h>

#include "cli/parameters.h"
#include "protocol/settings.h"

namespace cambium {
namespace {

constexpr const char* kIntroduction = R"(# Strategies

<!-- Written by scripts/reference from the plugins' own declarations. -->

A strategy says which layers come from the source, which stay frozen, what learns how fast, and when that changes. In a study:

    strategy = "feature_extraction"
    strategy = { plugin = "partial_finetuning", cut = 3 }

and, as an axis of the grid, `"strategy.cut" = [1, 2, 3]`. `cambium plan` shows what each comes to.

The head starts anew, the same for all arms of a seed, and learns. Frozen means frozen: no step, no weight decay, no momentum, and the running statistics of norms
do not move. A frozen layer runs in eval mode; with `frozen_mode = "train"`, where there is one, its dropout acts and its norms go by the batch, and still nothing in it
moves. A layer that begins to learn starts with fresh optimizer state.

The arms of Yosinski et al. 2014 are `partial_finetuning` with the cut as an axis: BnB and AnB frozen, BnB+ and AnB+ with `frozen = false`, from a stage trained on the
target's half of the classes (B) or on the other (A); the control is `weights = "random"`.

A penalty (`l2_sp`, `bss`) is part of the loss that must stay finite, and not of the `train_loss` that is logged. `source_mixing` adds source images to each batch of target
images, so that an epoch has the steps that it has in every arm; the loss is the mean over all of them, `source_train_loss` that of the source's. It logs
`source_test_accuracy_before` and `source_test_accuracy`, both taken on the source's test split when training is over. It needs a stage to start from: a file has no data.
Where an epoch needs more source images than there are, it goes through them again, in another order and otherwise augmented.

)";

constexpr const char* kTraining = R"(## Training and schedules

What a stage's `train` table takes, whatever the strategy. A schedule runs over the steps of the whole training. A strategy's phases do not start it again: they scale it,
so that with `triangular` and `gradual_unfreezing` a layer joins in at the point of the cycle that the training is at. With `one_cycle` the momentum goes the other way than
the rate, and `momentum` (`beta1`) is not read, unless `cycle_momentum = false`.

`optimizer = "lbfgs"` is the linear probe as CLIP's authors run it (Radford et al. 2021): full batch, no rate, no schedule, the weights decayed and the bias not, as
scikit-learn's `LogisticRegression` with `C = 1 / (weight_decay * images)`. It goes with a linear head on frozen layers and images that are not augmented, and
ends when no derivative is above `tolerance`, or after `epochs` iterations: give it a thousand.

)";

std::string cell(const Field& field) {
  const auto* text = std::get_if<std::string>(&field);
  return text == nullptr ? "" : *text;
}

std::string table(const std::string& owner, const Schema& schema) {
  Table all = parameter_rows();
  add_parameters(all, owner, schema);
  if (all.rows.empty()) return "It has no parameters.\n";
  const Table rows = without_owner(all);
  std::string text = "|", line = "|";
  for (const std::string& column : rows.columns) {
    text += " " + column + " |";
    line += "---|";
  }
  text += "\n" + line + "\n";
  for (const auto& row : rows.rows) {
    text += "|";
    for (const Field& field : row) text += " " + cell(field) + " |";
    text += "\n";
  }
  return text;
}

}  // namespace

std::string strategies_page(const Description& description) {
  std::string page = kIntroduction, sections;
  page += "| strategy | |\n|---|---|\n";
  for (const PluginInfo& plugin : description.plugins) {
    if (plugin.kind != PluginKind::Strategy) continue;
    page += fmt::format("| [{0}](#{0}) | {1} |\n", plugin.name, plugin.doc);
    sections += fmt::format("\n## {}\n\n{}{}.\n\n{}", plugin.name, char(std::toupper(plugin.doc.front())),
                            plugin.doc.substr(1), table(plugin.name, plugin.schema));
  }
  return page + sections + "\n" + kTraining + table("train", train_schema());
}

}  // namespace cambium
