#pragma once

#include <ATen/core/Tensor.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

/// Small archives as torch.export writes them, node by node.
namespace cambium::test {

class ExportedArchive {
 public:
  using Json = nlohmann::ordered_json;

  /// Takes images [batch, channels, side, side].
  explicit ExportedArchive(std::int64_t channels, std::int64_t side) {
    describe("x", {0, channels, side, side});
    inputs.push_back({{"user_input", {{"arg", tensor("x")}}}});
  }

  static Json tensor(const std::string& name) { return {{"as_tensor", {{"name", name}}}}; }
  static Json ints(const std::vector<std::int64_t>& list) { return {{"as_ints", list}}; }
  static Json number(double value) { return {{"as_float", value}}; }
  static Json flag(bool value) { return {{"as_bool", value}}; }
  static Json none() { return {{"as_none", true}}; }

  /// A parameter, or a buffer; the graph calls it by its name.
  ExportedArchive& stored(const std::string& name, const at::Tensor& value, bool parameter = true) {
    tensors.emplace_back(name, value.contiguous());
    parameters.push_back(parameter);
    describe(name, value.sizes().vec(), value.scalar_type() == at::kLong ? 5 : 7);
    const Json argument = {{"name", name}};
    if (parameter)
      inputs.push_back({{"parameter", {{"arg", argument}, {"parameter_name", name}}}});
    else
      inputs.push_back({{"buffer", {{"arg", argument}, {"buffer_name", name}, {"persistent", true}}}});
    return *this;
  }

  /// "conv2d" or "add_.Tensor" in `module`, giving `name` of [batch, `shape`...].
  ExportedArchive& node(const std::string& operation, const std::string& module,
                        const std::vector<std::pair<std::string, Json>>& arguments, const std::string& name,
                        std::vector<std::int64_t> shape) {
    Json node = {{"target", "torch.ops.aten." + operation + (operation.find('.') == operation.npos ? ".default" : "")},
                 {"inputs", Json::array()},
                 {"outputs", {tensor(name)}},
                 {"metadata", {{"nn_module_stack", stack(module)}}}};
    for (const auto& [key, value] : arguments) node["inputs"].push_back({{"name", key}, {"arg", value}, {"kind", 1}});
    nodes.push_back(node);
    shape.insert(shape.begin(), 0);
    describe(name, shape);
    output = name;
    return *this;
  }
  /// Its class, for modules whose class counts.
  ExportedArchive& of_class(const std::string& module, const std::string& name) {
    classes.emplace_back(module, name);
    return *this;
  }

  Json graph() const {
    Json names = Json::array();
    return {
        {"graph_module",
         {{"graph",
           {{"inputs", names},
            {"outputs", {tensor(output)}},
            {"nodes", nodes},
            {"tensor_values", values},
            {"sym_int_values", Json::object()}}},
          {"signature", {{"input_specs", inputs}, {"output_specs", {{{"user_output", {{"arg", tensor(output)}}}}}}}}}},
        {"schema_version", {{"major", 8}, {"minor", 17}}}};
  }

  /// Its bytes, with `graph` for a graph.
  std::string bytes(const std::string& graph) const {
    std::vector<std::pair<std::string, std::string>> members = {{"net/archive_format", "pt2"},
                                                                {"net/models/model.json", graph}};
    Json config = Json::object();
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const auto& [name, value] = tensors[i];
      const std::string path = "weight_" + std::to_string(i);
      config[name] = {{"path_name", path},
                      {"is_param", bool(parameters[i])},
                      {"use_pickle", false},
                      {"tensor_meta", meta(value.sizes().vec(), value.scalar_type() == at::kLong ? 5 : 7)}};
      members.emplace_back("net/data/weights/" + path,
                           std::string(static_cast<const char*>(value.data_ptr()), value.nbytes()));
    }
    members.emplace_back("net/data/weights/model_weights_config.json", Json{{"config", config}}.dump());
    return zip(members);
  }
  std::string bytes() const { return bytes(graph().dump()); }
  void write(const std::filesystem::path& path) const { std::ofstream(path, std::ios::binary) << bytes(); }

  static std::string zip(const std::vector<std::pair<std::string, std::string>>& members) {
    std::string file, directory;
    const auto raw = [](auto value) { return std::string(reinterpret_cast<const char*>(&value), sizeof value); };
    const auto none = std::uint16_t(0);
    for (const auto& [name, data] : members) {
      const auto offset = std::uint32_t(file.size()), size = std::uint32_t(data.size());
      const std::string fields = raw(std::uint16_t(20)) + raw(none) + raw(none) + raw(0) + raw(0) + raw(size) +
                                 raw(size) + raw(std::uint16_t(name.size())) + raw(none);
      file += raw(0x04034b50u) + fields + name + data;
      directory += raw(0x02014b50u) + raw(none) + fields + std::string(10, '\0') + raw(offset) + name;
    }
    const auto count = std::uint16_t(members.size());
    return file + directory + raw(0x06054b50u) + raw(0) + raw(count) + raw(count) +
           raw(std::uint32_t(directory.size())) + raw(std::uint32_t(file.size())) + raw(none);
  }

  Json inputs = Json::array(), nodes = Json::array(), values = Json::object();
  std::string output;
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  std::vector<bool> parameters;
  std::vector<std::pair<std::string, std::string>> classes;

 private:
  /// An extent of 0 is the batch's.
  static Json meta(const std::vector<std::int64_t>& shape, int type) {
    Json sizes = Json::array(), strides = Json::array();
    std::int64_t stride = 1;
    for (std::size_t d = shape.size(); d-- > 0;) {
      strides.insert(strides.begin(), Json{{"as_int", stride}});
      stride *= std::max<std::int64_t>(shape[d], 1);
      if (shape[d] == 0)
        sizes.insert(sizes.begin(), Json{{"as_expr", {{"expr_str", "s0"}}}});
      else
        sizes.insert(sizes.begin(), Json{{"as_int", shape[d]}});
    }
    return {
        {"dtype", type}, {"sizes", sizes}, {"strides", strides}, {"storage_offset", {{"as_int", 0}}}, {"layout", 7}};
  }
  void describe(const std::string& name, const std::vector<std::int64_t>& shape, int type = 7) {
    values[name] = meta(shape, type);
  }
  std::string stack(const std::string& module) const {
    std::string text = "L__self__,,test.Network";
    for (std::size_t end = 0; !module.empty() && end != module.npos;) {
      end = module.find('.', end + 1);
      const std::string path = module.substr(0, end);
      std::string name = "torch.nn.modules.container.Sequential";
      for (const auto& [of, is] : classes)
        if (of == path) name = is;
      if (end == module.npos && name.ends_with("Sequential")) name = "test.Leaf";
      text += ";L__self__" + path + "," + path + "," + name;
    }
    return text;
  }
};

}  // namespace cambium::test
