#include "cli/layers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "cambium/error.h"
#include "weights/card.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

ImageShape shape_of(const LayersRequest& request, const fs::path& path) {
  ImageShape shape{3, 224, 224};
  if (!request.image.empty()) {
    int end = 0;
    if (std::sscanf(request.image.c_str(), "%ldx%ldx%ld%n", &shape.channels, &shape.height, &shape.width, &end) != 3 ||
        std::size_t(end) != request.image.size() || shape.channels < 1 || shape.height < 1 || shape.width < 1)
      throw Error(ErrorKind::Usage, fmt::format("--image {} is no shape", request.image),
                  "channels, height and width: --image 3x224x224");
  } else if (const auto card = read_card(path, {}, {}); card && card->input.size() == 3) {
    shape = {card->input[0], card->input[1], card->input[2]};
  }
  return shape;
}

const PluginInfo& plugin_of(const Description& description, PluginKind kind, const std::string& name) {
  for (const PluginInfo& plugin : description.plugins)
    if (plugin.kind == kind && plugin.name == name) return plugin;
  throw Error(ErrorKind::Usage, fmt::format("there is no {} \"{}\"", to_string(kind), name),
              "`cambium plugins` lists what there is");
}

Params defaults(const Schema& schema) {
  Params params;
  for (const Parameter& parameter : schema.parameters())
    if (parameter.default_value) params.set(parameter.name, *parameter.default_value);
  return params;
}

}  // namespace

void print_layers(Resolver& resolver, const LayersRequest& request, Format format) {
  const Description& description = resolver.describe();
  const PluginInfo& plugin = plugin_of(description, PluginKind::Backbone, request.plugin);
  if (!plugin.schema.find("path"))
    throw Error(ErrorKind::Usage, fmt::format("the backbone {} is made of no file", plugin.name),
                "--path is for backbones that read one, as exported and torchscript do");
  NetworkRequest network;
  const fs::path path = fs::absolute(request.path);
  network.backbone = {plugin.name, defaults(plugin.schema)};
  network.backbone.params.set("path", path.string());
  if (!request.units.empty()) {
    const Parameter* units = plugin.schema.find("units");
    if (!units || std::find(units->choices.begin(), units->choices.end(), request.units) == units->choices.end())
      throw Error(ErrorKind::Usage, fmt::format("the backbone {} has no units \"{}\"", plugin.name, request.units),
                  units ? fmt::format("it has {}", fmt::join(units->choices, ", ")) : "leave --units out");
    network.backbone.params.set("units", request.units);
  }
  const char* strategy = "full_finetuning";
  network.strategy = {strategy, defaults(plugin_of(description, PluginKind::Strategy, strategy).schema)};
  network.shape = shape_of(request, path);
  network.classes = 2;
  network.data_root = path.parent_path().string();
  const NetworkInfo info = resolver.networks({network}).front();
  if (info.failure) throw Error(ErrorKind::Plugin, info.failure->message, info.failure->hint);
  Table table{{"layer", "gives", "parameters", "multiply-adds"}, {}};
  for (const LayerInfo& layer : info.layers)
    table.rows.push_back({layer.name, fmt::format("{}", fmt::join(layer.shape, "x")),
                          fmt::format("{}", layer.parameters), fmt::format("{}", layer.operations)});
  print(table, format);
  if (format == Format::Table)
    print(fmt::format("\n{} layers, {} features for an image of {}x{}x{}\n", info.layers.size(), info.feature_width,
                      network.shape.channels, network.shape.height, network.shape.width));
}

}  // namespace cambium
