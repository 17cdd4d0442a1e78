#include "weights/weights_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

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

}  // namespace

WeightsFile::WeightsFile(const fs::path& path) {
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

std::string WeightsFile::sha256() const {
  if (files_.size() == 1) return sha256_of(files_.front().bytes());
  std::string all;
  for (const MappedFile& file : files_) all += sha256_of(file.bytes()) + "\n";
  return cambium::sha256(all);
}

}  // namespace cambium
