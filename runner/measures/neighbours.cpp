#include "measures/neighbours.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <algorithm>
#include <limits>
#include <map>

#include "cambium/error.h"

namespace cambium::measures {
namespace {

constexpr std::int64_t kChunk = 512;  // queries at a time

at::Tensor unit_rows(const at::Tensor& x) { return x / x.norm(2, {1}, true).clamp_min(1e-12); }

/// The label of most of `neighbours` (nearest first); the earlier seen of equals.
std::int64_t vote(const std::int64_t* neighbours, std::int64_t k, const std::int64_t* labels) {
  std::map<std::int64_t, std::int64_t> votes;
  for (std::int64_t i = 0; i < k; ++i) ++votes[labels[neighbours[i]]];
  std::int64_t best = labels[neighbours[0]];
  for (std::int64_t i = 1; i < k; ++i)
    if (votes[labels[neighbours[i]]] > votes[best]) best = labels[neighbours[i]];
  return best;
}

}  // namespace

double knn_accuracy(const at::Tensor& features, const at::Tensor& labels, const at::Tensor& queries,
                    const at::Tensor& query_labels, std::int64_t k, Metric metric, bool leave_one_out) {
  const bool cosine = metric == Metric::Cosine;
  const at::Tensor known = cosine ? unit_rows(features.to(at::kDouble)) : features.to(at::kDouble);
  const at::Tensor asked = cosine ? unit_rows(queries.to(at::kDouble)) : queries.to(at::kDouble);
  const at::Tensor known_labels = labels.contiguous(), wanted = query_labels.contiguous();
  k = std::min(k, known.size(0) - (leave_one_out ? 1 : 0));
  if (k < 1)
    throw Error(ErrorKind::Data,
                known.size(0) == 1 ? "a single image has no neighbours" : "there are no images to look among",
                "take it with split = \"test\", or on more training images");
  std::int64_t right = 0;
  for (std::int64_t from = 0; from < asked.size(0); from += kChunk) {
    const at::Tensor chunk = asked.narrow(0, from, std::min(kChunk, asked.size(0) - from));
    at::Tensor distance = cosine ? chunk.matmul(known.t()).neg() : at::cdist(chunk, known);
    if (leave_one_out)
      for (std::int64_t i = 0; i < chunk.size(0); ++i)
        distance[i][from + i].fill_(std::numeric_limits<double>::infinity());
    const at::Tensor nearest = std::get<1>(distance.topk(k, 1, false, true)).contiguous();
    for (std::int64_t i = 0; i < chunk.size(0); ++i)
      right += vote(nearest.data_ptr<std::int64_t>() + i * k, k, known_labels.data_ptr<std::int64_t>()) ==
               wanted.data_ptr<std::int64_t>()[from + i];
  }
  return double(right) / double(asked.size(0));
}

}  // namespace cambium::measures
