#pragma once

#include <ATen/core/Tensor.h>

/// How well features, or a source's predictions, suit a task, told before any training. All on training images; higher
/// is better. Features are [N, D], labels int64 [N] from 0 to K - 1. Classes without an image do not count.
namespace cambium::measures {

/// LogME: the mean over classes of the log evidence, by image, of a Bayesian linear model of the one-hot label, its
/// prior and noise precision maximised by MacKay's fixed point (You et al. 2021, arXiv 2102.11005, algorithm 3).
double log_me(const at::Tensor& features, const at::Tensor& labels);

/// LEEP: the mean log likelihood of the labels under the expected empirical predictor (Nguyen et al. 2020, arXiv
/// 2002.12462, eq. 2). `predictions` [N, Z]: the source network's softmax. Not above 0.
double leep(const at::Tensor& predictions, const at::Tensor& labels);

/// NCE: minus the conditional entropy, in nats, of the label given the source's (Tran et al. 2019, arXiv 1908.08142,
/// eq. 5). `source_labels` int64 [N]: the source network's most likely class. Not above 0.
double nce(const at::Tensor& source_labels, const at::Tensor& labels);

struct HScore {
  double plain = 0;        ///< tr(cov(f)^-1 cov(E[f|y])), Bao et al. 2019, definition 2, by pseudo-inverse
  double regularised = 0;  ///< the same with a shrunken cov(f), Ibrahim et al. 2021, arXiv 2110.06893, eq. 5
  double shrinkage = 0;    ///< Ledoit and Wolf's (2004), in [0, 1]
};

/// Both covariances with 1/N. The plain score lies in [0, min(D, K - 1)].
HScore h_score(const at::Tensor& features, const at::Tensor& labels);

}  // namespace cambium::measures
