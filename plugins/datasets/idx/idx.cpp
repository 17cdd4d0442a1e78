#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cambium/files.h"
#include "cambium/plugin.h"
#include "idx_file.h"
#include "idx_names.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& message, const std::string& hint) {
  throw Error(ErrorKind::Data, message, hint);
}

/// Images [N, H, W] or [N, C, H, W] as uint8 [N, C, H, W].
at::Tensor as_images(const IdxFile& file) {
  const auto& sizes = file.sizes;
  if (sizes.size() != 3 && sizes.size() != 4)
    fail(fmt::format("{}: holds {} dimensions ({}); images have 3 (number, height, width) or 4 (number, channels, "
                     "height, width)",
                     file.path.string(), sizes.size(), sizes_text(sizes)),
         "are the images' and the labels' files mixed up?");
  const std::int64_t channels = sizes.size() == 4 ? sizes[1] : 1;
  if (channels != 1 && channels != 3)
    fail(fmt::format("{}: sizes {} mean {} channels; images have 1 or 3", file.path.string(), sizes_text(sizes),
                     channels),
         "write 4-dimensional images in the order number, channels, height, width");
  const auto end = sizes.end();
  at::Tensor images = at::empty({sizes[0], channels, end[-2], end[-1]}, at::kByte);
  std::memcpy(images.data_ptr<std::uint8_t>(), file.elements().data(), file.elements().size());
  return images;
}

std::vector<std::int64_t> as_labels(const IdxFile& file, const IdxFile& images) {
  if (file.sizes.size() != 1)
    fail(fmt::format("{}: holds {} dimensions ({}); labels have 1", file.path.string(), file.sizes.size(),
                     sizes_text(file.sizes)),
         "are the images' and the labels' files mixed up?");
  if (file.sizes[0] != images.sizes[0])
    fail(fmt::format("{}: {} labels for the {} images of {}", file.path.string(), file.sizes[0], images.sizes[0],
                     images.path.string()),
         "fetch both files again, from one place");
  return {file.elements().begin(), file.elements().end()};
}

/// EMNIST's letters are numbered from 1, in every one of its files.
void from_zero(std::vector<std::int64_t>& labels) {
  for (std::int64_t& label : labels) --label;
}

/// Digits for every label in use. A label that no image of a lower label leads up to is damage, not a class.
std::vector<std::string> digits(const std::vector<std::int64_t>& labels, const fs::path& path) {
  std::vector<bool> seen(256);
  for (const std::int64_t label : labels) seen[std::size_t(label)] = true;
  std::vector<std::string> names;
  for (std::size_t label = 0; label < seen.size() && seen[label]; ++label) names.push_back(std::to_string(label));
  const std::int64_t highest = *std::max_element(labels.begin(), labels.end());
  if (highest >= std::int64_t(names.size()))
    fail(fmt::format("{}: there is the label {}, but no image with the label {}", path.string(), highest, names.size()),
         "fetch the file again; if there are such classes, name them all with classes = [...]");
  return names;
}

void check_range(const std::vector<std::int64_t>& labels, std::size_t classes, const fs::path& path) {
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] < 0 || labels[i] >= std::int64_t(classes))
      fail(fmt::format("{}: image {} has the label {}; expected 0 to {}", path.string(), i, labels[i], classes - 1),
           "fetch the file again, or check that classes names every class");
}

/// MNIST and what comes in its format: Fashion-MNIST, KMNIST, QMNIST-like sets of grey or colour images.
class Idx : public MemoryDataset {
 public:
  explicit Idx(const Params& params) {
    // All four are looked for before the first, and longest, is read.
    const IdxNames names = find_idx(params.string("root"), params.string("set"));
    const auto& paths = names.paths;
    const IdxFile train_images = read_idx(paths[0]), train_labels = read_idx(paths[1]);
    const IdxFile test_images = read_idx(paths[2]), test_labels = read_idx(paths[3]);

    at::Tensor train = as_images(train_images), test = as_images(test_images);
    std::vector<std::int64_t> learned = as_labels(train_labels, train_images),
                              asked = as_labels(test_labels, test_images);
    if (train.sizes().slice(1) != test.sizes().slice(1))
      fail(fmt::format("{}: sizes {} do not go with the {} of {}", paths[2].string(), sizes_text(test_images.sizes),
                       sizes_text(train_images.sizes), paths[0].string()),
           "fetch both files again, from one place");

    const auto least = std::min_element(learned.begin(), learned.end());
    if (names.letters && *least == 1) {
      from_zero(learned);
      from_zero(asked);
    }
    const bool transpose = params.boolean("transpose");
    if (transpose) {
      train = train.transpose(2, 3).contiguous();
      test = test.transpose(2, 3).contiguous();
    }

    DatasetInfo info;
    info.notes = names.notes;
    if (names.emnist && !transpose)
      info.notes.push_back(
          "EMNIST's images lie on their side, as they are published and as torchvision gives them; transpose = true "
          "turns them as MNIST's are");
    info.shape = {train.size(1), train.size(2), train.size(3)};
    info.classes = params.strings("classes").empty() ? names_of(names, learned) : params.strings("classes");
    check_range(learned, info.classes.size(), paths[1]);
    check_range(asked, info.classes.size(), paths[3]);
    Sha256 hash;
    for (const IdxFile* file : {&train_images, &train_labels, &test_images, &test_labels}) {
      hash.add(fmt::format("{}\n", file->bytes.size())).add(file->bytes);
      info.files.push_back(file->path);
    }
    if (transpose) hash.add("transposed\n");
    info.fingerprint = hash.hex();
    set_info(std::move(info));
    set_split(Split::Train, std::move(train), std::move(learned));
    set_split(Split::Test, std::move(test), std::move(asked));
  }

 private:
  /// The letters of EMNIST's letters; digits of all else.
  static std::vector<std::string> names_of(const IdxNames& names, const std::vector<std::int64_t>& labels) {
    if (!names.letters) return digits(labels, names.paths[1]);
    std::vector<std::string> letters;
    for (char letter = 'a'; letter <= 'z'; ++letter) letters.emplace_back(1, letter);
    return letters;
  }
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("idx", "1", registry) {
  using namespace cambium;
  registry.add_dataset(
      "idx", "the MNIST family: IDX files, plain or .gz, grey or colour",
      Schema()
          .path(
              "root", std::nullopt,
              "folder of {train,t10k}-images-idx3-ubyte and {train,t10k}-labels-idx1-ubyte, plain or .gz, or one above")
          .string("set", "", "what the files' names begin with, where a folder holds several sets: emnist-letters")
          .boolean("transpose", false, "swaps rows and columns: EMNIST's images lie on their side as published")
          .strings("classes", std::vector<std::string>{},
                   "the classes' names in the labels' order; empty: the digits that occur"),
      [](const Params& params) { return std::make_unique<Idx>(params); });
}
