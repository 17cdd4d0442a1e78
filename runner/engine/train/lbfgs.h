#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "engine/train/linear_head.h"

namespace cambium {

struct LbfgsRule {
  double weight_decay = 0;  ///< adds half of it times the squared weights to the mean loss; the bias goes free
  double label_smoothing = 0;
  std::int64_t iterations = 1000;  ///< at most
  double tolerance = 1e-5;         ///< the greatest derivative, by amount, at which it is done
};

struct LbfgsScore {
  HeadScore score;              ///< at the end, of all positions; `diverged`: the iteration, from 0
  std::int64_t iterations = 0;  ///< made
  double gradient = 0;          ///< the greatest derivative by amount at the end
  bool converged = false;       ///< within the tolerance; else out of iterations, or at the limit of float32
};

/// Fits a linear head to all positions at once by L-BFGS (Liu and Nocedal 1989) from where it is: the linear probe as
/// CLIP's authors run it (Radford et al. 2021, A.3), scikit-learn's multinomial LogisticRegression with C = 1 /
/// (weight_decay images). The parameters are float32, sums over images and what is kept from step to step float64.
LbfgsScore fit_lbfgs(LinearHeadTrainer& trainer, const LinearHead& head, const LabelledRows& data,
                     std::span<const std::int64_t> positions, const LbfgsRule& rule);

}  // namespace cambium
