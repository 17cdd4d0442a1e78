#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "cambium/exported_program.h"
#include "cambium/image.h"
#include "operation.h"
#include "program.h"

namespace cambium::exported {

/// An exported network for images of one shape: its operations, bound, and which of them hang on what.
struct Graph {
  /// Fixed: the same at each step, so computed once. Local: of parameters or of the batch's size, and not of the
  /// images.
  enum class Rank : std::uint8_t { Fixed, Local, Images };

  Program program;
  std::map<std::string, at::Tensor> weights;     ///< by their names, as the archive has them
  std::vector<Operation> operations;             ///< in the graph's order
  std::vector<std::string> modules;              ///< that they stand in, one an operation
  std::vector<Rank> ranks;                       ///< the same
  std::vector<std::size_t> path;                 ///< the operations of rank Images
  std::map<ValueId, at::Tensor> fixed;           ///< what is computed once, and constants of the archive
  std::map<ValueId, const StoredInput*> stored;  ///< parameters and persistent buffers
  std::vector<std::size_t> givers;               ///< of each value, its operation; kNowhere: none
  std::map<std::string, std::int64_t> symbols;   ///< of the image's extents, where they are dynamic
  std::string batch;                             ///< the symbol of the number of images
  static constexpr std::size_t kNowhere = ~std::size_t{0};

  /// Per place of `path`, the one tensor that is alive after it; kNone where a layer cannot end.
  std::vector<ValueId> cuts;
  /// Per operation: whether what it writes over is read later under another name.
  std::vector<bool> read_later;

  const Value& value(ValueId id) const { return program.values[std::size_t(id)]; }
  /// Parameters that an operation of `path` reads, by itself or through Local ones.
  std::vector<ValueId> parameters_of(std::size_t operation) const;
  /// Tensors that an operation takes.
  std::vector<ValueId> taken_by(std::size_t operation) const;
  bool is_parameter(ValueId id) const;
};

/// Throws Error{Plugin} or Error{Data} for a network that cannot be taken, or not for images of this shape.
Graph make_graph(ExportedProgram archive, const ImageShape& image);

}  // namespace cambium::exported
