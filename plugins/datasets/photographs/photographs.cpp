#include "photographs.h"

#include <fmt/format.h>

#include "cambium/error.h"
#include "cambium/files.h"
#include "decode.h"

namespace cambium {
namespace {

/// What is wrong with a file, with its name before it.
Error named(const std::filesystem::path& path, const Error& error) {
  const std::string name = path.string();
  const bool has = error.message().rfind(name, 0) == 0;
  return Error(ErrorKind::Data, has ? error.message() : name + ": " + error.message(), error.hint());
}

std::vector<std::uint8_t> read(const std::filesystem::path& path) {
  constexpr std::size_t kMostBytes = std::size_t{1} << 30;
  return read_bytes(path, kMostBytes);
}

}  // namespace

Schema photographs_schema(Schema schema) {
  return schema
      .boolean("exif", false,
               "turns images upright by their EXIF orientation; torchvision's ImageFolder, whose numbers people "
               "compare with, does not")
      .choice("on_error", "fail", {"fail", "skip"},
              "an image that cannot be read is an error, or is left out, counted and told with each run");
}

Photographs::Photographs(const Params& params)
    : exif_(params.boolean("exif")), skip_(params.string("on_error") == "skip") {}

void Photographs::set_images(std::vector<std::string> classes, std::array<std::vector<Listed>, 3> images,
                             std::vector<std::filesystem::path> more) {
  info_.shape = {3, 0, 0};
  info_.classes = std::move(classes);
  Sha256 hash;
  hash.add(fmt::format("images exif {}\n", exif_));
  for (const std::string& name : info_.classes) hash.add(name + "\n");
  for (const Split split : kSplits) {
    const auto s = std::size_t(split);
    hash.add(fmt::format("{}\n", to_string(split)));
    for (const Listed& listed : images[s]) {
      info_.files.push_back(listed.path);
      try {
        const std::vector<std::uint8_t> bytes = read(listed.path);
        if (skip_)
          decode_image(bytes, false);
        else
          image_size(bytes);
        hash.add(fmt::format("{} {}\n", listed.label, bytes.size())).add(bytes);
      } catch (const Error& error) {
        if (!skip_) throw named(listed.path, error);
        info_.skipped.push_back(named(listed.path, error).message());
        continue;
      }
      paths_[s].push_back(listed.path);
      labels_[s].push_back(listed.label);
    }
  }
  info_.files.insert(info_.files.end(), more.begin(), more.end());
  info_.fingerprint = hash.hex();
  if (paths_[std::size_t(Split::Train)].empty())
    throw Error(ErrorKind::Data, "none of the training images can be read",
                info_.skipped.empty() ? "put images there" : "the first: " + info_.skipped[0]);
}

at::Tensor Photographs::image(Split split, std::int64_t index) const {
  const std::filesystem::path& path = paths_[std::size_t(split)][std::size_t(index)];
  try {
    return decode_image(read(path), exif_);
  } catch (const Error& error) {
    throw named(path, error);
  }
}

}  // namespace cambium
