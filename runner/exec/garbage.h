#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "store/store.h"

namespace cambium {

/// A file that nothing needs any more, or that can be made again.
struct Garbage {
  enum class Kind { Weights, Checkpoint, Leftover, Log, Taps, Answer, Image } kind = Kind::Weights;
  std::filesystem::path path;
  std::uintmax_t bytes = 0;  ///< that it takes on the disk
};
/// "weights", "checkpoints", ... and why such files may go.
const char* to_string(Garbage::Kind kind);
const char* reason(Garbage::Kind kind);

/// What may go of the files beside a database that no coordinator is at, and of `cache`, which holds answers and
/// decoded images: of those, and of taps, what nobody has used for `days`.
std::vector<Garbage> find_garbage(const Store& store, const std::filesystem::path& cache, double days);

/// Removes it, and gives what could not be. The database forgets the weights.
std::vector<Garbage> remove_garbage(Store& store, const std::vector<Garbage>& garbage);

}  // namespace cambium
