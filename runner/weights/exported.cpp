#include "weights/exported.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "weights/saved_zip.h"

namespace cambium {
namespace {

using Json = nlohmann::json;
using Members = std::map<std::string, ZipMember>;

constexpr std::size_t kMostText = std::size_t{1} << 26;
constexpr int kMostNesting = 24;
constexpr const char* kOld = "serialized_exported_program.json";

std::string below_root(const std::string& name) { return name.substr(name.find('/') + 1); }

bool is_graph(const std::string& name) { return name.starts_with("models/") && name.ends_with(".json"); }

/// torch._export.serde.schema.ScalarType.
std::optional<ElementType> element_type(std::int64_t number) {
  switch (number) {
    case 1:
      return ElementType::U8;
    case 2:
      return ElementType::I8;
    case 3:
      return ElementType::I16;
    case 4:
      return ElementType::I32;
    case 5:
      return ElementType::I64;
    case 6:
      return ElementType::F16;
    case 7:
      return ElementType::F32;
    case 8:
      return ElementType::F64;
    case 12:
      return ElementType::Bool;
    case 13:
      return ElementType::BF16;
    default:
      return std::nullopt;
  }
}

class ExportedReader {
 public:
  ExportedReader(const WeightsSource& source, const Members& members) : source_(source) {
    for (const auto& member : members) members_.emplace(below_root(member.first), &member);
  }

  ExportedIndex read() {
    index_.weights.format = WeightsFormat::Exported;
    if (const auto* graph = find(kOld)) {
      index_.graph = stored(*graph);
      saved("serialized_state_dict.pt", index_.weights.tensors, true);
      saved("serialized_constants.pt", index_.constants, false);
    } else {
      const std::string model = only_model();
      index_.graph = stored(*find("models/" + model + ".json"));
      tensors("weights", model, index_.weights.tensors, true);
      tensors("constants", model, index_.constants, false);
    }
    if (index_.graph.size > kMostText)
      source_.fail(
          fmt::format("has a graph of {} bytes, and {} are the most that are read", index_.graph.size, kMostText));
    must_not_unfold(source_, index_.constants);
    return std::move(index_);
  }

 private:
  /// The member called `name` below whatever folder all is in.
  const Members::value_type* find(const std::string& name) const {
    const auto found = members_.find(name);
    return found == members_.end() ? nullptr : found->second;
  }

  ZipMember stored(const Members::value_type& member) const {
    must_be_stored(source_, member.first, member.second);
    return member.second;
  }

  std::string only_model() const {
    std::vector<std::string> models;
    for (const auto& [name, member] : members_)
      if (is_graph(name)) models.push_back(name.substr(7, name.size() - 12));
    if (models.empty())
      source_.fail("is a package without a graph of torch.export, as AOTInductor compiles it",
                   "save what torch.export.export gives with torch.export.save");
    if (models.size() > 1)
      source_.fail(fmt::format("holds {} networks: {} and {}, ...", models.size(), models[0], models[1]),
                   "save one network a file");
    return models.front();
  }

  /// data/KIND/MODEL_KIND_config.json, with the bytes beside it; of PyTorch 2.8 data/KIND/MODEL.pt.
  void tensors(const std::string& kind, const std::string& model, std::vector<StoredTensor>& to, bool needed) {
    const std::string folder = "data/" + kind + "/";
    const auto* config = find(folder + model + "_" + kind + "_config.json");
    if (!config) return saved(folder + model + ".pt", to, needed);
    const ZipMember at = stored(*config);
    const Json json = parse(config->first, at);
    const auto list = json.is_object() ? json.find("config") : json.end();
    if (!json.is_object() || list == json.end() || !list->is_object())
      source_.fail(fmt::format("has no list of tensors in {}", config->first));
    for (const auto& [name, entry] : list->items()) {
      try {
        to.push_back(raw(folder, name, entry));
      } catch (const Json::exception&) {
        source_.fail(fmt::format("describes tensor {} in {} as none can be", name, config->first));
      }
    }
  }

  Json parse(const std::string& name, const ZipMember& at) const {
    if (at.size > kMostText) source_.fail(fmt::format("has {} bytes in {}", at.size, name));
    const std::string_view text = source_.text(at.begin, at.size);
    return Json::parse(
        text.begin(), text.end(), [](int depth, Json::parse_event_t, Json&) { return depth <= kMostNesting; }, false);
  }

  StoredTensor raw(const std::string& folder, const std::string& name, const Json& entry) const {
    if (entry.at("use_pickle").get<bool>() || !entry.at("tensor_meta").is_object())
      source_.fail(fmt::format("keeps {} pickled: it is no plain tensor", name),
                   "export a network of plain tensors, without quantised ones and objects of one's own");
    const Json& meta = entry.at("tensor_meta");
    StoredTensor tensor;
    tensor.name = name;
    tensor.learns = entry.value("is_param", false);
    const std::int64_t number = meta.at("dtype").get<std::int64_t>();
    if (const auto type = element_type(number))
      tensor.type = *type;
    else
      tensor.unread = fmt::format("the export schema's type {}", number);
    tensor.shape = numbers(meta.at("sizes"));
    tensor.strides = numbers(meta.at("strides"));
    const std::size_t needed = extent_bytes(source_, tensor);
    if (!tensor.unread.empty()) return tensor;
    const auto* member = find(folder + entry.at("path_name").get<std::string>());
    if (!member)
      source_.fail(
          fmt::format("lacks {}{}, of which tensor {} is", folder, entry.at("path_name").get<std::string>(), name));
    const ZipMember at = stored(*member);
    const std::int64_t offset = meta.at("storage_offset").at("as_int").get<std::int64_t>();
    const std::size_t size = element_size(tensor.type);
    if (offset < 0 || std::size_t(offset) > at.size / size || needed > at.size - std::size_t(offset) * size)
      source_.fail(fmt::format("lets tensor {} reach past {}: {} bytes from number {} on, of {} bytes", name,
                               member->first, needed, offset, at.size));
    tensor.begin = at.begin + std::size_t(offset) * size;
    return tensor;
  }

  static std::vector<std::int64_t> numbers(const Json& list) {
    std::vector<std::int64_t> result;
    for (const Json& number : list) result.push_back(number.at("as_int").get<std::int64_t>());
    return result;
  }

  /// A dictionary of tensors as torch.save writes it, a zip within the zip.
  void saved(const std::string& name, std::vector<StoredTensor>& to, bool needed) {
    const auto* member = find(name);
    if (!member) {
      if (!needed) return;
      source_.fail(fmt::format("lacks {}, where the weights should be", name),
                   "it is of a PyTorch before 2.5 or newer than those that are known; export it again with another");
    }
    const ZipMember at = stored(*member);
    const WeightsSource inner{source_.path, source_.bytes.subspan(at.begin, at.size)};
    const auto zip = inner.begins("PK\x03\x04") ? read_saved_zip(inner, read_zip(inner)) : std::nullopt;
    if (!zip) source_.fail(fmt::format("has no zip by torch.save in {}", name));
    const PickleGraph& graph = zip->graph;
    if (graph[graph.root].kind != PickleValue::Kind::Dict) source_.fail(fmt::format("has no dictionary in {}", name));
    const auto& items = graph[graph.root].items;
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
      if (graph[items[i]].kind != PickleValue::Kind::Text || !is_tensor(graph, items[i + 1])) continue;
      to.push_back(read_tensor(inner, graph, items[i + 1], std::string(graph[items[i]].text), zip->locate(inner)));
      to.back().begin += at.begin;
    }
  }

  const WeightsSource& source_;
  std::map<std::string, const Members::value_type*> members_;
  ExportedIndex index_;
};

}  // namespace

bool is_exported(const Members& members) {
  return std::any_of(members.begin(), members.end(), [](const auto& member) {
    const std::string at = below_root(member.first);
    return at == kOld || at == "archive_format" || is_graph(at);
  });
}

ExportedIndex index_exported(const WeightsSource& source, const Members& members) {
  return ExportedReader(source, members).read();
}

}  // namespace cambium
