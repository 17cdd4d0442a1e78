#pragma once

#include <ATen/core/Tensor.h>

namespace cambium::measures {

enum class Metric { Cosine, L2 };

/// The part of `queries` [M, D] whose label is that of most of their `k` nearest neighbours among `features` [N, D]; of
/// equally frequent labels, the one with the nearest neighbour. `leave_one_out`: queries are the features themselves,
/// and no image is its own neighbour. k is held to the number of neighbours there are; throws Error{Data} where there
/// are none.
double knn_accuracy(const at::Tensor& features, const at::Tensor& labels, const at::Tensor& queries,
                    const at::Tensor& query_labels, std::int64_t k, Metric metric, bool leave_one_out = false);

}  // namespace cambium::measures
