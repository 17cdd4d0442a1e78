#pragma once

#include <stdexcept>

#include "cambium/dataset.h"

namespace cambium {

/// A data set whose test split cannot be read until open(): nothing can be chosen by what is tested on.
class SealedDataset {
 public:
  explicit SealedDataset(const Dataset& dataset) : dataset_(dataset) {}

  void open() { open_ = true; }

  const DatasetInfo& info() const { return dataset_.info(); }
  std::span<const std::int64_t> labels(Split split) const { return checked(split).labels(split); }
  at::Tensor images(Split split, std::span<const std::int64_t> indices) const { return checked(split).images(split, indices); }

 private:
  const Dataset& checked(Split split) const {
    if (split == Split::Test && !open_) throw std::logic_error("the test split was asked for before training was over");
    return dataset_;
  }

  const Dataset& dataset_;
  bool open_ = false;
};

}  // namespace cambium
