#include "worker/datasets.h"

#include <algorithm>
#include <new>
#include <nlohmann/json.hpp>
#include <string_view>

#include "cambium/error.h"
#include "engine/train/blame.h"
#include "protocol/stamps.h"

namespace cambium {
namespace {

constexpr std::size_t kMostOpen = 3;

std::string key_of(const Component& data, const std::string& root) { return Json(data).dump() + root; }

}  // namespace

void throw_on(const Blame& blame) {
  if (std::string_view(blame.kind) == "memory") throw std::bad_alloc();
  throw Error(ErrorKind::System, blame.message,
              (blame.hint.empty() ? "" : blame.hint + "; ") + "the same command goes on once it can be read again");
}

std::shared_ptr<const Dataset> Datasets::open(const Component& data, const std::string& root) {
  const std::string key = key_of(data, root);
  const auto found =
      std::find_if(opened_.begin(), opened_.end(), [&](const Opened& opened) { return opened.key == key; });
  if (found != opened_.end() && found->stamps == file_stamps(found->data->info().files)) {
    opened_.splice(opened_.begin(), opened_, found);
    return opened_.front().data;
  }
  if (found != opened_.end()) opened_.erase(found);
  std::shared_ptr<const Dataset> made = registry_.make_dataset(data, root);
  opened_.push_front({key, made, file_stamps(made->info().files)});
  if (opened_.size() > kMostOpen) opened_.pop_back();
  return made;
}

std::shared_ptr<const Dataset> Datasets::open_again(const Component& data, const std::string& root) {
  try {
    return open(data, root);
  } catch (...) {
    throw_on(blame());
  }
}

bool Datasets::is_gone(const Component& data, const std::string& root) const {
  const std::string key = key_of(data, root);
  return std::any_of(opened_.begin(), opened_.end(), [&](const Opened& opened) {
    return opened.key == key && opened.stamps != file_stamps(opened.data->info().files);
  });
}

}  // namespace cambium
