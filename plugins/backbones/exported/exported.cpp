#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "allocation_limit.h"
#include "cambium/files.h"
#include "cambium/nn.h"
#include "cambium/plugin.h"
#include "graph_layer.h"
#include "head.h"

namespace cambium::exported {
namespace {

/// LibTorch's errors carry a stack trace below their first line.
std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

Units units_of(const std::string& name) {
  return name == "stage" ? Units::Stage : name == "module" ? Units::Module : Units::Block;
}

/// What hangs on neither parameters nor images is computed here and now.
void compute_fixed(Graph& graph) {
  std::vector<std::size_t> operations;
  std::vector<ValueId> wanted;
  for (std::size_t i = 0; i < graph.operations.size(); ++i) {
    if (graph.ranks[i] != Graph::Rank::Fixed) continue;
    operations.push_back(i);
    for (const Output& output : graph.operations[i].outputs)
      for (const ValueId id : output.values)
        if (id != kNone) wanted.push_back(id);
  }
  const Segment segment(graph, operations, kNone, kNone, [](ValueId) { return at::Tensor(); });
  for (auto& [id, tensor] : segment.run_fixed(wanted)) graph.fixed[id] = tensor;
}

/// Any network that torch.export saves: its modules, between places where one tensor alone crosses, are the layers.
class Exported : public Backbone {
 public:
  Exported(const Params& params, const ImageShape& image) : path_(params.string("path")) {
    std::error_code none;
    if (!std::filesystem::exists(path_, none))
      throw Error(ErrorKind::Data, path_ + ": there is no such file",
                  "scripts/export_network.py writes one, where there is PyTorch; paths are relative to the data root");
    ExportedProgram archive = read_exported_program(path_);
    InputCard card = archive.input;
    if (image.channels != std::int64_t(card.mean.size())) card.mean = card.std = {};
    set_input(card);
    try {
      const AllocationLimit limit(half_of_memory());
      build(std::move(archive), image, units_of(params.string("units")));
    } catch (const Error& error) {
      throw Error(error.kind(), path_ + ": " + error.message(), error.hint());
    } catch (const std::exception& error) {
      throw Error(ErrorKind::Plugin, path_ + ": " + first_line(error.what()),
                  "the network does not run on images of this data, or the file is damaged");
    }
    set_files({path_}, sha256_file(path_));
  }

  std::string head_name() const override { return head_ ? head_->name : "head"; }
  std::unique_ptr<Module> make_head(std::int64_t classes) const override {
    if (head_) return exported::make_head(graph_, *head_, classes);
    auto head = std::make_unique<nn::Sequential>();
    if (!maps_) return std::make_unique<nn::Linear>(feature_width(), classes);
    head->add<nn::GlobalAveragePool>("pool");
    head->add<nn::Linear>("", feature_width(), classes);
    return head;
  }

 private:
  void build(ExportedProgram archive, const ImageShape& image, Units units) {
    auto graph = std::make_shared<Graph>(make_graph(std::move(archive), image));
    compute_fixed(*graph);
    graph_ = graph;
    head_ = find_head(*graph_);
    const std::size_t places = head_ ? head_->from : graph_->path.size();
    const ValueId output = head_ ? head_->input : graph_->program.output;
    const auto spans = layers_of(*graph_, units, places);
    GivenTensors given;
    ValueId from = graph_->program.image;
    Form form = Form::AsIs;
    for (const Span& span : spans) {
      const bool last = span.to == places;
      const ValueId to = last ? output : graph_->cuts[span.to - 1];
      const Form next = form_of(*graph_, span.to, to, last && head_);
      GraphLayer& layer = add_layer_as<GraphLayer>(span.name, "", graph_, span, from, form, to, next, given);
      layers_of_.push_back(&layer);
      from = to;
      form = next;
    }
    keep_unread();
    try_out(image);
  }

  /// Each of the state dict's tensors that nothing reads belongs to the layer whose names are most like its own.
  void keep_unread() {
    std::set<std::string> known;
    for (const GraphLayer* layer : layers_of_) known.insert(layer->names().begin(), layer->names().end());
    if (head_)
      for (const ValueId id : {head_->weight, head_->bias})
        if (id != kNone) known.insert(graph_->stored.at(id)->name);
    for (const auto& [name, value] : graph_->weights) {
      if (known.count(name)) continue;
      GraphLayer* nearest = layers_of_.back();
      std::size_t most = 0;
      for (GraphLayer* layer : layers_of_)
        for (const std::string& theirs : layer->names()) {
          const std::size_t same = common_modules(name, theirs);
          if (same <= most) continue;
          most = same;
          nearest = layer;
        }
      nearest->keep(name, value);
    }
  }
  static std::size_t common_modules(const std::string& a, const std::string& b) {
    std::size_t same = 0;
    for (std::size_t i = 0; i < a.size() && i < b.size() && a[i] == b[i]; ++i)
      if (a[i] == '.') same = i;
    return same;
  }

  void try_out(const ImageShape& image) {
    const at::NoGradGuard no_grad;
    at::Tensor x = at::zeros({2, image.channels, image.height, image.width});
    for (const Layer& layer : layers()) {
      layer.module->train(false);
      try {
        x = layer.module->forward(x);
      } catch (const Error&) {
        throw;
      } catch (const std::exception& error) {
        throw Error(ErrorKind::Plugin, "its layer " + layer.name + " does not run: " + first_line(error.what()),
                    "export it again, with the PyTorch that it was made for");
      }
      if (x.dim() < 2 || x.size(0) != 2)
        throw Error(ErrorKind::Plugin, "its layer " + layer.name + " loses the batch",
                    "the file is damaged, or the network mixes images");
    }
    if (x.dim() != 2 && x.dim() != 4)
      throw Error(ErrorKind::Plugin,
                  fmt::format("it ends with a tensor of [{}] for an image", fmt::join(x.sizes().slice(1), ", ")),
                  "end it with a head, a pool or a flatten");
    maps_ = x.dim() == 4;
    set_feature_width(x.size(1));
    if (!head_) return;
    constexpr std::int64_t kSome = 7;
    const auto head = make_head(kSome);
    head->train(false);
    for (const NamedParameter& parameter : head->parameters()) at::Tensor(parameter.value).zero_();
    const at::Tensor y = head->forward(x);
    if (y.dim() != 2 || y.size(1) != kSome)
      throw Error(ErrorKind::Plugin,
                  fmt::format("its head {} gives [{}] for an image where it is to tell {} classes apart", head_->name,
                              fmt::join(y.sizes().slice(1), ", "), kSome),
                  "end the network with its classifier, and pools and flattens after that alone");
  }

  std::string path_;
  std::shared_ptr<const Graph> graph_;
  std::optional<Head> head_;
  std::vector<GraphLayer*> layers_of_;
  bool maps_ = false;
};

}  // namespace
}  // namespace cambium::exported

CAMBIUM_PLUGIN("exported", "1", registry) {
  using namespace cambium;
  registry.add_backbone(
      "exported", "any network that torch.export saves: its modules are the layers",
      Schema()
          .path("path", std::nullopt, "the archive, as scripts/export_network.py writes it")
          .choice("units", "block", {"stage", "block", "module"},
                  "what a layer is: a row of blocks, a block, or as little as can be cut and has a name"),
      [](const Params& params, const ImageShape& image) {
        return std::make_unique<exported::Exported>(params, image);
      });
}
