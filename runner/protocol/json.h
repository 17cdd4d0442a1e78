#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "cambium/error.h"
#include "protocol/messages.h"

namespace cambium {

/// The names that enumerators have in JSON.
template <class E, std::size_t N>
using Names = std::array<std::pair<E, const char*>, N>;

inline constexpr Names<PluginKind, 3> kPluginKinds = {
    {{PluginKind::Backbone, "backbone"}, {PluginKind::Dataset, "dataset"}, {PluginKind::Strategy, "strategy"}}};

template <class E, std::size_t N>
const char* to_name(E value, const Names<E, N>& names) {
  for (const auto& [known, name] : names)
    if (known == value) return name;
  return "";
}

template <class E, std::size_t N>
E from_name(const std::string& text, const Names<E, N>& names) {
  for (const auto& [value, name] : names)
    if (text == name) return value;
  throw Error(ErrorKind::Plugin, "a message says \"" + text + "\" where it cannot",
              "are cambium and cambium-worker of one version?");
}

}  // namespace cambium
