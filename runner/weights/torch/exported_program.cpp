#include "cambium/exported_program.h"

#include "cambium/error.h"
#include "weights/card.h"
#include "weights/exported.h"
#include "weights/mapped_file.h"
#include "weights/torch/stored_tensor.h"

namespace cambium {
namespace {

constexpr const char* kHow =
    "export it: torch.export.save(torch.export.export(network.eval(), ...), path); scripts/export_network.py does so";

InputCard input_of(const std::filesystem::path& path) {
  InputCard input;
  const auto card = read_card(path, {}, {});
  if (!card) return input;
  input.mean = card->mean;
  input.std = card->std;
  if (card->input.size() == 3 && card->input[1] == card->input[2]) input.size = card->input[1];
  input.resize = card->resize;
  if (!card->interpolation.empty()) input.interpolation = card->interpolation;
  return input;
}

/// A file of another kind, by what it is.
[[noreturn]] void refuse(const WeightsSource& source) {
  using namespace std::string_view_literals;
  if (source.begins("\x08"sv)) source.fail("is no archive by torch.export; perhaps it is ONNX", kHow);
  const WeightsIndex other = index_weights(source.path, source.bytes);
  source.fail(std::string("is ") + to_string(other.format) + ", not a network by torch.export",
              other.format == WeightsFormat::TorchScript
                  ? "backbone torchscript takes it; or export the network with torch.export"
                  : "it holds weights alone: give it to init, and the network's archive to backbone.path");
}

}  // namespace

ExportedProgram read_exported_program(const std::filesystem::path& path) {
  const MappedFile file(path);
  const WeightsSource source{path, file.bytes()};
  if (!source.begins("PK\x03\x04")) refuse(source);
  const auto members = read_zip(source);
  if (!is_exported(members)) refuse(source);
  const ExportedIndex index = index_exported(source, members);
  must_not_unfold(source, index.weights.tensors);
  ExportedProgram program;
  program.graph = source.text(index.graph.begin, index.graph.size);
  const auto read = [&](const std::vector<StoredTensor>& tensors, std::map<std::string, at::Tensor>& to) {
    for (const StoredTensor& stored : tensors)
      to[stored.name] = tensor_of(stored, file.bytes().data() + stored.begin, path);
  };
  read(index.weights.tensors, program.weights);
  read(index.constants, program.constants);
  program.input = input_of(path);
  return program;
}

}  // namespace cambium
