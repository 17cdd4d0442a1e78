#pragma once

namespace cambium::test {

/// Two stages, four networks of a base and three strategies: seconds of work in all, and the random streams, optimizers
/// and selections that a resumed run must get right.
inline constexpr const char* kSmallStudy = R"([study]
name = "small"
seeds = [0, 1]
allow = ["finetune-rate"]

[stage.pretrain]
backbone = { plugin = "mlp", hidden = [16, 8], dropout = 0.2, batch_norm = true }
data     = { plugin = "shapes", family = "a", train_per_class = 8, test_per_class = 4, validation = 0.25, crop = 2, flip = true }
strategy = "slow"
train    = { epochs = 4, batch = 16, lr = 0.02, momentum = 0.9, schedule = "cosine" }

[stage.transfer]
init  = "pretrain"
data  = { plugin = "shapes", family = "b", train_per_class = 8, test_per_class = 4, per_class = 4, validation_per_class = 2 }
train = { epochs = 4, batch = 8, optimizer = "adam", lr = 0.01 }

[stage.transfer.grid]
strategy = [{ plugin = "slow", fresh = false }, "feature_extraction", "from_scratch"]
)";
inline constexpr int kSmallCells = 8;

}  // namespace cambium::test
