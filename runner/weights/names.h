#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cambium {

/// The parts of a dotted name.
std::vector<std::string_view> name_parts(std::string_view name);

/// `name` without what wrappers put into it, in front or between: "_orig_mod" of torch.compile,
/// "_fsdp_wrapped_module", ...; with `module` also "module", as DataParallel has it.
std::string bare_name(std::string_view name, bool module);

/// Whether the parts of `run` stand in `path` one after the other: "encoder_q." in "module.encoder_q.".
bool has_run(std::string_view path, std::string_view run);

/// Whether a path tells that what is there is an average of the network that is trained: "state_dict_ema",
/// "backbone_momentum.", "encoder_k.".
bool names_a_copy(std::string_view path);

/// Of a file whose name says that it is one of several shards, "1 of 3"; else empty.
std::string shard_of(const std::string& filename);

}  // namespace cambium
