#include "photographs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "cambium/error.h"
#include "cambium/files.h"
#include "decode.h"
#include "looking.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

/// Decoding more than so many to find the damaged ones takes longer than a check should.
constexpr std::size_t kMostDecoded = 200'000;
constexpr std::size_t kMostNamed = 10;

/// What is wrong with a file, with its name before it.
std::string named(const fs::path& path, const std::string& message) {
  const std::string name = path.string();
  return message.rfind(name, 0) == 0 ? message : name + ": " + message;
}

std::string counted(std::size_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

/// How often something was seen, and where first.
struct Seen {
  std::size_t count = 0;
  fs::path example;
  void at(const fs::path& path) {
    if (count++ == 0) example = path;
  }
};

int bits_of(int value) {
  int bits = 0;
  for (; value > 0; value >>= 1) ++bits;
  return bits;
}

/// What is seen while the images are looked at.
struct Survey {
  std::vector<std::string> faults;  ///< files that cannot be read
  std::string hint;                 ///< for the first
  Seen frames, deep, twice;
  fs::path twin;                                      ///< of the first that is there twice
  int greatest = 0;                                   ///< of grey of more than 8 bits
  std::map<std::string, const Listed*> trained = {};  ///< by their bytes

  void fault(const fs::path& path, const Verdict& verdict) {
    faults.push_back(named(path, verdict.fault));
    if (hint.empty()) hint = verdict.hint;
  }
  void image(const Listed& listed, const std::string& sha256, const Verdict& verdict, bool train) {
    if (verdict.more) frames.at(listed.path);
    if (verdict.grey_greatest > 0) deep.at(listed.path);
    greatest = std::max(greatest, verdict.grey_greatest);
    if (!train) return;
    const auto [found, added] = trained.try_emplace(sha256, &listed);
    if (added || found->second->label == listed.label) return;
    if (twice.count == 0) twin = found->second->path;
    twice.at(listed.path);
  }

  [[noreturn]] void refuse(std::size_t all) const {
    if (faults.size() == 1) throw Error(ErrorKind::Data, faults[0], hint);
    const std::size_t first = std::min(faults.size(), kMostNamed);
    throw Error(ErrorKind::Data,
                fmt::format("{} of {} images cannot be read: {}{}", faults.size(), all,
                            fmt::join(faults.begin(), faults.begin() + std::ptrdiff_t(first), "; "),
                            faults.size() > first ? fmt::format("; and {} more", faults.size() - first) : ""),
                hint);
  }

  std::vector<std::string> notes() const {
    std::vector<std::string> notes;
    if (greatest > 255)
      notes.push_back(fmt::format(
          "{} of 16 bits a pixel, for instance {}; the greatest value is {}, so the upper 8 of {} bits are taken. "
          "Pillow's convert(\"RGB\") cuts them off at 255, which turns them white",
          counted(deep.count, "grey image is", "grey images are"), deep.example.string(), greatest, bits_of(greatest)));
    if (frames.count > 0)
      notes.push_back(fmt::format("{} more than one frame or page, of which the first is taken, for instance {}",
                                  counted(frames.count, "image has", "images have"), frames.example.string()));
    if (twice.count > 0)
      notes.push_back(fmt::format("{} byte for byte in another class too, for instance {} and {}",
                                  counted(twice.count, "training image is", "training images are"), twin.string(),
                                  twice.example.string()));
    return notes;
  }
};

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

void Photographs::note(std::string sentence) { info_.notes.push_back(std::move(sentence)); }

void Photographs::set_images(std::vector<std::string> classes, std::array<std::vector<Listed>, 3> images,
                             std::vector<fs::path> more) {
  info_.shape = {3, 0, 0};
  info_.classes = std::move(classes);
  for (const Split split : kSplits)
    for (const Listed& listed : images[std::size_t(split)]) info_.files.push_back(listed.path);
  const std::size_t all = info_.files.size();
  const bool whole = skip_ || all <= kMostDecoded;
  Verdicts verdicts(info_.files);
  Survey survey;
  Sha256 hash;
  hash.add(fmt::format("images exif {}\n", exif_));
  for (const std::string& name : info_.classes) hash.add(name + "\n");
  for (const Split split : kSplits) {
    const auto s = std::size_t(split);
    hash.add(fmt::format("{}\n", to_string(split)));
    std::vector<fs::path> files;
    for (const Listed& listed : images[s]) files.push_back(listed.path);
    look_at_images(files, whole ? &verdicts : nullptr, [&](std::size_t i, const LookedAt& image) {
      const Listed& listed = images[s][i];
      if (!image.verdict.fault.empty()) return survey.fault(listed.path, image.verdict);
      hash.add(fmt::format("{} {}\n", listed.label, image.bytes.size())).add(image.bytes);
      paths_[s].push_back(listed.path);
      labels_[s].push_back(listed.label);
      survey.image(listed, image.sha256, image.verdict, split == Split::Train);
    });
  }
  verdicts.keep();
  if (!survey.faults.empty() && !skip_) survey.refuse(all);
  for (std::string& sentence : survey.notes()) note(std::move(sentence));
  info_.skipped = std::move(survey.faults);
  info_.files.insert(info_.files.end(), more.begin(), more.end());
  check_classes(images);
  if (whole) grey_bits_ = std::max(8, bits_of(survey.greatest));
  // Such images once were cut off at 255, as Pillow does it: not the same data.
  if (survey.greatest > 255) hash.add(fmt::format("grey of {} bits\n", grey_bits_));
  if (!whole)
    note(
        fmt::format("of {} images only the heads are looked at, since they are more than {}: damage in one is found "
                    "when it is needed",
                    all, kMostDecoded));
  info_.fingerprint = hash.hex();
}

void Photographs::check_classes(const std::array<std::vector<Listed>, 3>& images) {
  const std::string first = info_.skipped.empty() ? "put images there" : "the first: " + info_.skipped[0];
  if (paths_[std::size_t(Split::Train)].empty())
    throw Error(ErrorKind::Data, "none of the training images can be read", first);
  for (const Split split : {Split::Train, Split::Test}) {
    std::vector<std::size_t> listed(info_.classes.size()), read(info_.classes.size());
    for (const Listed& image : images[std::size_t(split)]) ++listed[std::size_t(image.label)];
    for (const std::int64_t label : labels_[std::size_t(split)]) ++read[std::size_t(label)];
    for (std::size_t c = 0; c < listed.size(); ++c) {
      if (read[c] > 0 || listed[c] == 0) continue;
      const std::string what =
          fmt::format("class {} has no {} images left: {} cannot be read", info_.classes[c],
                      split == Split::Train ? "training" : "test", counted(listed[c], "that it had", "that it had"));
      if (split == Split::Train) throw Error(ErrorKind::Data, what, first);
      note(what);
    }
  }
}

at::Tensor Photographs::image(Split split, std::int64_t index) const {
  const fs::path& path = paths_[std::size_t(split)][std::size_t(index)];
  DecodeOptions how;
  how.exif = exif_;
  how.grey_bits = grey_bits_;
  try {
    return decode_image(read_image(path), how).pixels;
  } catch (const Error& error) {
    throw Error(ErrorKind::Data, named(path, error.message()), error.hint());
  }
}

}  // namespace cambium
