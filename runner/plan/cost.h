#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "plan/plan.h"

namespace cambium {

/// The leading layers that are frozen in eval mode in every phase: what they give of an image never changes.
std::size_t frozen_prefix(const Cell& cell);

/// Whether training images are drawn anew in each epoch, so that nothing of them can be computed once.
bool augments(const Cell& cell);

/// Images of a split, as selected.
double images(const Cell& cell, const char* split);

/// Multiply-adds an image, forward, of the layers from `first` up to, and without, `last`.
double operations(const NetworkInfo& network, std::size_t first, std::size_t last);

/// What training a cell takes, in multiply-adds.
struct Cost {
  double prefix = 0;  ///< of the frozen prefix, over images that are computed once
  double rest = 0;    ///< of all else: a step is worth three forward passes, from the first layer that learns on
};
Cost cost_of(const Cell& cell);

/// Images whose prefix is computed once: all, or without those to train on where these are augmented.
double tapped_images(const Cell& cell);

/// Multiply-adds a second and core, by backbone plugin.
struct Rates {
  std::map<std::string, double> known;
  double of(const Cell& cell) const;
};

}  // namespace cambium
