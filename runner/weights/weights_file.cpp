#include "weights/weights_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "cambium/error.h"
#include "cambium/files.h"
#include "weights/source.h"

namespace cambium {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

std::string sha256_of(std::span<const std::uint8_t> bytes) { return Sha256().add(bytes).hex(); }

/// safetensors begins with a length, so that a brace in front means JSON.
bool is_shard_index(const WeightsSource& source) { return source.begins("{") && !source.begins("{", 8); }

/// Which shard each tensor is in, by "weight_map".
std::map<std::string, std::string> weight_map(const WeightsSource& source) {
  constexpr std::size_t kMostText = 100'000'000;
  constexpr int kMostNesting = 8;
  Json json;
  if (source.bytes.size() <= kMostText)
    json = Json::parse(
        source.bytes.begin(), source.bytes.end(),
        [](int depth, Json::parse_event_t, Json&) { return depth <= kMostNesting; }, false);
  const auto map = json.is_object() ? json.find("weight_map") : json.end();
  if (!json.is_object() || map == json.end() || !map->is_object())
    source.fail("is JSON without the weight_map of an index with shards", "name the weights file itself");
  std::map<std::string, std::string> shards;
  for (const auto& [name, shard] : map->items()) {
    const std::string file = shard.is_string() ? shard.get<std::string>() : "";
    if (file.empty() || fs::path(file).filename() != fs::path(file) || file == "." || file == "..")
      source.fail(fmt::format("puts tensor {} into a file that is not beside it: {}", name, file));
    shards[name] = file;
  }
  return shards;
}

/// How many elements of type T have all bits of their exponent set.
template <class T>
std::int64_t count_not_finite(const std::uint8_t* bytes, std::size_t elements, T exponent) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < elements; ++i) {
    T value;
    std::memcpy(&value, bytes + i * sizeof value, sizeof value);
    count += (value & exponent) == exponent;
  }
  return count;
}

}  // namespace

fs::path weights_path(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return path;
  for (const char* name :
       {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
        "open_clip_model.safetensors", "diffusion_pytorch_model.safetensors"})
    if (fs::exists(path / name, error)) return path / name;
  std::vector<std::string> names, weights;
  bool distributed = false;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, error)) {
    names.push_back(entry.path().filename().string());
    const std::string end = entry.path().extension().string();
    distributed = distributed || end == ".distcp";
    if (end == ".safetensors" || end == ".pth" || end == ".pt" || end == ".bin") weights.push_back(names.back());
  }
  std::sort(names.begin(), names.end());
  if (weights.size() == 1) return path / weights.front();
  constexpr std::size_t kTold = 6;
  std::string there =
      names.empty() ? "nothing"
                    : fmt::format("{}", fmt::join(names.begin(),
                                                  names.begin() + std::ptrdiff_t(std::min(kTold, names.size())), ", "));
  if (names.size() > kTold) there += fmt::format(" and {} more", names.size() - kTold);
  throw Error(
      ErrorKind::Data,
      distributed
          ? fmt::format("{} is a distributed checkpoint of torch.distributed, a file for each rank", path.string())
          : fmt::format("{} is a folder without model.safetensors or pytorch_model.bin; it has {}", path.string(),
                        there),
      distributed
          ? "make one file of it: python -m torch.distributed.checkpoint.format_utils dcp_to_torch DIR weights.pth"
          : "name the weights file itself");
}

WeightsFile::WeightsFile(const fs::path& given) {
  const fs::path path = weights_path(given);
  files_.emplace_back(path);
  if (is_shard_index({path, files_.front().bytes()}))
    read_shards(path);
  else
    index_ = index_weights(path, files_.front().bytes());
}

WeightsFile WeightsFile::safetensors(const fs::path& path) {
  WeightsFile file;
  file.files_.emplace_back(path);
  file.index_ = index_safetensors({path, file.files_.front().bytes()});
  file.index_.files = {path};
  return file;
}

void WeightsFile::read_shards(const fs::path& path) {
  const WeightsSource source{path, files_.front().bytes()};
  const auto map = weight_map(source);
  std::map<std::string, std::set<std::string>> names;
  for (const auto& [name, shard] : map) names[shard].insert(name);
  std::vector<MappedFile> shards;
  for (const auto& [shard, wanted] : names) {
    const fs::path file = path.parent_path() / shard;
    shards.emplace_back(file);
    WeightsIndex part = index_weights(file, shards.back().bytes());
    std::set<std::string> missing = wanted;
    for (StoredTensor& tensor : part.tensors) {
      if (missing.erase(tensor.name) == 0) continue;
      tensor.file = shards.size() - 1;
      tensor.place = 0;
      index_.tensors.push_back(std::move(tensor));
    }
    if (!missing.empty())
      source.fail(fmt::format("says that tensor {} is in {}, and it is not there", *missing.begin(), shard));
    index_.format = part.format;
    index_.files.push_back(file);
    index_.metadata.merge(part.metadata);
  }
  shards.push_back(std::move(files_.front()));
  files_ = std::move(shards);
  std::sort(index_.tensors.begin(), index_.tensors.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
}

const std::uint8_t* WeightsFile::begin_of(const StoredTensor& tensor) const {
  return files_[tensor.file].bytes().data() + tensor.begin;
}

std::int64_t WeightsFile::not_finite(const StoredTensor& tensor) const {
  std::vector<std::uint8_t> ordered;
  const std::uint8_t* bytes = begin_of(tensor);
  if (!tensor.contiguous()) {
    ordered.resize(std::size_t(tensor.count()) * element_size(tensor.type));
    copy(tensor, ordered.data());
    bytes = ordered.data();
  }
  const auto count = std::size_t(tensor.count());
  switch (tensor.type) {
    case ElementType::F64:
      return count_not_finite<std::uint64_t>(bytes, count, 0x7ff0000000000000);
    case ElementType::F32:
      return count_not_finite<std::uint32_t>(bytes, count, 0x7f800000);
    case ElementType::F16:
      return count_not_finite<std::uint16_t>(bytes, count, 0x7c00);
    case ElementType::BF16:
      return count_not_finite<std::uint16_t>(bytes, count, 0x7f80);
    default:
      return 0;
  }
}

void WeightsFile::copy(const StoredTensor& tensor, std::uint8_t* out) const {
  copy_elements(tensor, begin_of(tensor), out);
}

std::string WeightsFile::sha256() const {
  if (files_.size() == 1) return sha256_of(files_.front().bytes());
  std::string all;
  for (const MappedFile& file : files_) all += sha256_of(file.bytes()) + "\n";
  return cambium::sha256(all);
}

}  // namespace cambium
