#include "engine/train/made_with.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "engine/train/provenance.h"

namespace cambium {
namespace {

/// Raised with every change of Cambium's own that changes a bit.
constexpr const char* kArithmetic = "3";

}  // namespace

MadeWith made_with(int threads, const std::string& network, const std::map<std::string, std::string>& plugins) {
  const nlohmann::json record = provenance(threads);
  MadeWith result = {{"version of Cambium's arithmetic", kArithmetic},
                     {"number of threads", std::to_string(threads)},
                     {"network file", network}};
  for (const auto& [name, key] :
       {std::pair{"LibTorch", "torch"}, std::pair{"CPU", "cpu"},
        std::pair{"choice of vector instructions", "instructions"}, std::pair{"BLAS", "blas"}})
    result[name] = record.at(key).get<std::string>();
  for (const auto& [plugin, hash] : plugins) result["library of plugin " + plugin] = hash;
  return result;
}

}  // namespace cambium
