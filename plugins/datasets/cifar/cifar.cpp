#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "cambium/files.h"
#include "cambium/plugin.h"
#include "files/folder_with.h"
#include "records.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& message, const std::string& hint) {
  throw Error(ErrorKind::Data, message, hint);
}

/// `name` under the root, plain or .gz; empty if there is neither.
fs::path find_file(const fs::path& root, const std::string& name) {
  std::error_code ignored;
  for (const char* packed : {"", ".gz"})
    if (fs::exists(root / (name + packed), ignored)) return root / (name + packed);
  return {};
}

/// data_batch_1.bin, data_batch_2.bin, ... in the order of their numbers, however many there are.
std::vector<fs::path> find_batches(const fs::path& root) {
  static const std::string kStart = "data_batch_";
  std::map<int, fs::path> batches;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(root, ignored)) {
    const std::string name = entry.path().filename().string();
    int number = 0;
    if (!name.starts_with(kStart)) continue;
    const auto [rest, error] = std::from_chars(name.data() + kStart.size(), name.data() + name.size(), number);
    if (error == std::errc() && (std::string(rest) == ".bin" || std::string(rest) == ".bin.gz"))
      batches[number] = find_file(root, kStart + std::to_string(number) + ".bin");
  }
  std::vector<fs::path> paths;
  for (const auto& [number, path] : batches)
    if (!path.empty()) paths.push_back(path);
  return paths;
}

bool is_cifar10(const fs::path& root) {
  return !find_batches(root).empty() && !find_file(root, "test_batch.bin").empty();
}
bool is_cifar100(const fs::path& root) {
  return !find_file(root, "train.bin").empty() && !find_file(root, "test.bin").empty();
}

/// The Python version, which is unpacked beside or in place of the binary one.
bool is_python_version(const fs::path& root) {
  std::error_code ignored;
  for (const char* name : {"data_batch_1", "train", "cifar-10-batches-py", "cifar-100-python"})
    if (fs::exists(root / name, ignored)) return true;
  return false;
}

/// What the files of a folder turn out to be.
struct Layout : RecordLayout {
  std::size_t label_at;  ///< which of them counts
  std::size_t classes;
  std::string names_file;
  std::vector<fs::path> train;
  fs::path test;
};

Layout find_layout(const fs::path& root, const std::string& labels) {
  static const std::string kHint =
      "unpack cifar-10-binary.tar.gz or cifar-100-binary.tar.gz and give as root the folder of the .bin files";
  std::error_code ignored;
  if (!fs::is_directory(root, ignored)) fail(root.string() + ": there is no such folder", kHint);
  const std::vector<fs::path> batches = find_batches(root);
  const fs::path test10 = find_file(root, "test_batch.bin"), train100 = find_file(root, "train.bin"),
                 test100 = find_file(root, "test.bin");
  const bool is10 = is_cifar10(root), is100 = is_cifar100(root);
  if (is10 && is100) fail(root.string() + ": holds both CIFAR-10 and CIFAR-100", "put each into a folder of its own");
  if (!is10 && !is100)
    fail(root.string() +
             ": looked for data_batch_1.bin (and 2, 3, ...) with test_batch.bin, that is CIFAR-10, and for train.bin "
             "with " +
             "test.bin, that is CIFAR-100, plain or .gz; neither pair is whole" +
             (is_python_version(root) ? ", and what is there is the Python version" : ""),
         kHint);
  const bool coarse = labels == "coarse";
  if (is10 && coarse)
    fail(root.string() + ": is CIFAR-10, whose images have one label each, and labels is \"coarse\"",
         "leave labels out, or give CIFAR-100");
  if (is10) return {{"CIFAR-10", 1}, 0, 10, "batches.meta.txt", batches, test10};
  if (coarse) return {{"CIFAR-100", 2}, 0, 20, "coarse_label_names.txt", {train100}, test100};
  return {{"CIFAR-100", 2}, 1, 100, "fine_label_names.txt", {train100}, test100};
}

/// The lines of the names' file, else the labels' numbers. Appends the file, if it is there, to `files`.
std::vector<std::string> class_names(const fs::path& root, const Layout& layout, std::vector<fs::path>& files) {
  std::vector<std::string> names;
  const fs::path path = find_file(root, layout.names_file);
  if (path.empty()) {
    for (std::size_t i = 0; i < layout.classes; ++i) names.push_back(std::to_string(i));
    return names;
  }
  const std::vector<std::uint8_t> bytes = read_bytes(path, 1 << 20);
  std::istringstream text(std::string(bytes.begin(), bytes.end()));
  for (std::string line; std::getline(text, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty()) names.push_back(line);
  }
  if (names.size() != layout.classes)
    fail(fmt::format("{}: holds {} names; {} has {} such classes", path.string(), names.size(), layout.name,
                     layout.classes),
         "fetch the file again, or remove it to have numbers for names");
  files.push_back(path);
  return names;
}

/// CIFAR-10 and CIFAR-100 (Krizhevsky 2009) in their "binary version".
class Cifar : public MemoryDataset {
 public:
  explicit Cifar(const Params& params) {
    const fs::path given = params.string("root");
    const fs::path root =
        files::folder_with(given, [](const fs::path& folder) { return is_cifar10(folder) || is_cifar100(folder); });
    const Layout layout = find_layout(root, params.string("labels"));
    DatasetInfo info;
    info.notes = files::note_of(given, root);
    info.shape = {3, 32, 32};
    info.files = layout.train;
    info.files.push_back(layout.test);
    const std::size_t images = info.files.size();
    info.classes = class_names(root, layout, info.files);
    Sha256 hash;
    hash.add(fmt::format("{} {}\n", layout.name, params.string("labels")));
    // What the classes are called, where a file says it: networks are tested, and classes picked, by their names.
    if (info.files.size() > images) hash.add(fmt::format("{}\n", fmt::join(info.classes, "\n")));
    const Part train = read(layout, layout.train, hash), test = read(layout, {layout.test}, hash);
    info.fingerprint = hash.hex();
    set_info(std::move(info));
    set_split(Split::Train, train.images, train.labels);
    set_split(Split::Test, test.images, test.labels);
  }

 private:
  struct Part {
    at::Tensor images;  ///< uint8 [N, 3, 32, 32]
    std::vector<std::int64_t> labels;
  };

  /// One split, from its files in order; its records go into `hash` as well.
  static Part read(const Layout& layout, const std::vector<fs::path>& paths, Sha256& hash) {
    std::vector<std::uint8_t> records;
    std::vector<std::int64_t> labels;
    for (const fs::path& path : paths) {
      const std::vector<std::uint8_t> bytes = read_bytes(path);
      check_records(layout, path, bytes);
      for (std::size_t at = layout.label_at; at < bytes.size(); at += layout.record()) labels.push_back(bytes[at]);
      records.insert(records.end(), bytes.begin(), bytes.end());
    }
    // Not file by file: how the records are cut into batches does not matter.
    hash.add(fmt::format("{}\n", records.size())).add(records);
    Part part{at::empty({std::int64_t(labels.size()), 3, 32, 32}, at::kByte), labels};
    for (std::size_t i = 0; i < labels.size(); ++i)
      std::memcpy(part.images.data_ptr<std::uint8_t>() + i * kPixels,
                  records.data() + i * layout.record() + layout.label_bytes, kPixels);
    return part;
  }
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("cifar", "1", registry) {
  using namespace cambium;
  registry.add_dataset(
      "cifar", "CIFAR-10 and CIFAR-100 in the binary version, told apart by their files",
      Schema()
          .path("root", std::nullopt, "folder of data_batch_*.bin and test_batch.bin, or of train.bin and test.bin")
          .choice("labels", "fine", {"fine", "coarse"}, "of CIFAR-100: the 100 fine classes or the 20 coarse ones"),
      [](const Params& params) { return std::make_unique<Cifar>(params); });
}
