#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cambium/files.h"
#include "cambium/plugin.h"
#include "canvas.h"
#include "figures.h"

namespace cambium {
namespace {

/// Raise it, and the plugin's version, whenever a pixel changes.
constexpr int kRendererVersion = 1;
constexpr int kCertain = 1'000'000;  ///< probabilities are given in millionths

/// How an image looks; what it shows has nothing to do with it. Each aspect is near, as in all of family a, or far.
struct Look {
  bool far_colours, far_textures, far_clutter;
};

Texture texture(RandomStream& random, const Look& look) {
  return look.far_textures ? Texture::stripes(random) : Texture::blotches(random);
}

/// A colour of some lightness, each channel at most `tint` off it.
Colour colour(RandomStream& random, int darkest, int lightest, int tint) {
  const int lightness = draw(random, darkest, lightest);
  Colour colour{};
  for (int& channel : colour) channel = std::clamp(lightness + draw(random, -tint, tint), 0, 255);
  return colour;
}

/// Near: figures lighter than the ground. Far: darker.
Paint ground(RandomStream& random, const Look& look) {
  const Colour base = look.far_colours ? colour(random, 140, 215, 20) : colour(random, 40, 115, 20);
  return {base, texture(random, look), draw(random, 8, 32)};
}
Paint figure_paint(RandomStream& random, const Look& look) {
  const Colour base = look.far_colours ? colour(random, 30, 110, 40) : colour(random, 145, 225, 40);
  return {base, texture(random, look), draw(random, 8, 32)};
}

/// A thing that means nothing, in a figure's colours. Near: a dot. Far: a stroke.
void add_clutter(Canvas& canvas, RandomStream& random, const Look& look) {
  Pose pose{.x = draw(random, 0, kSide * kPixel), .y = draw(random, 0, kSide * kPixel)};
  pose.direction = draw(random, 0, kTurn - 1);
  pose.across = look.far_clutter ? draw(random, 300, 560) : draw(random, 90, 200);
  pose.along = look.far_clutter ? draw(random, 50, 80) : pose.across;
  canvas.draw_figure(look.far_clutter ? inside_square : inside_circle, pose, figure_paint(random, look));
}

/// One image of `figure` as [3, 32, 32] bytes. `distance`, in millionths: how likely each aspect of its look is far.
void render(const Figure& figure, int distance, RandomStream random, std::uint8_t* pixels) {
  // Drawn before everything that goes by the look: an image shows its figure in one place whatever the distance.
  Pose pose{.x = draw(random, 12 * kPixel, 20 * kPixel), .y = draw(random, 12 * kPixel, 20 * kPixel)};
  pose.across = draw(random, 7 * kPixel, 12 * kPixel);
  pose.along = pose.across * draw(random, 80, 120) / 100;
  pose.direction = draw(random, 0, kTurn - 1);
  pose.mirrored = draw(random, 0, 1) == 1;
  Look look{};
  for (bool* aspect : {&look.far_colours, &look.far_textures, &look.far_clutter})
    *aspect = draw(random, 0, kCertain - 1) < distance;

  Canvas canvas;
  canvas.fill(ground(random, look));
  for (int i = draw(random, 2, 4); i > 0; --i) add_clutter(canvas, random, look);
  canvas.draw_figure(figure.inside, pose, figure_paint(random, look));
  for (int i = draw(random, 0, 1); i > 0; --i) add_clutter(canvas, random, look);
  canvas.add_noise(random, 16);
  canvas.write(pixels);
}

/// Rendered figures: the class is the outline alone; place, size, direction, colours, texture and clutter are chance.
/// An image is rendered when it is first asked for: a study may want few of thousands.
class Shapes : public MemoryDataset {
 public:
  explicit Shapes(const Params& params)
      : family_(params.string("family")), seed_(std::uint64_t(params.integer("seed"))) {
    if (family_ == "b") distance_ = int(params.number("distance") * kCertain + 0.5);
    DatasetInfo info{.shape = {3, kSide, kSide}, .classes = {}, .fingerprint = {}, .files = {}};
    for (const Figure& figure : family(family_)) info.classes.emplace_back(figure.name);
    const std::int64_t train = params.integer("train_per_class"), test = params.integer("test_per_class");
    info.fingerprint = sha256(fmt::format("shapes {} family {} distance {} train {} test {} seed {}", kRendererVersion,
                                          family_, distance_, train, test, seed_));
    set_info(std::move(info));
    add_split(Split::Train, train);
    add_split(Split::Test, test);
  }

  at::Tensor images(Split split, std::span<const std::int64_t> indices) const override {
    const Rendered& rendered = rendered_.at(split);
    for (const std::int64_t i : indices)
      std::call_once(rendered.once[std::size_t(i)], [&] {
        const auto& figures = family(family_);
        render(figures[std::size_t(i) % figures.size()], distance_,
               RandomStream(seed_, rendered.stream, std::uint64_t(i)),
               rendered.images.data_ptr<std::uint8_t>() + i * 3 * kSide * kSide);
      });
    return MemoryDataset::images(split, indices);
  }

 private:
  struct Rendered {
    std::string stream;
    at::Tensor images;  ///< the data set's own
    std::unique_ptr<std::once_flag[]> once;
  };

  /// Image i shows class i mod 8 and has a stream of its own, so that a larger set begins with the smaller one.
  void add_split(Split split, std::int64_t per_class) {
    const std::size_t figures = family(family_).size(), count = std::size_t(per_class) * figures;
    const at::Tensor images = at::empty({std::int64_t(count), 3, kSide, kSide}, at::kByte);
    std::vector<std::int64_t> labels(count);
    for (std::size_t i = 0; i < count; ++i) labels[i] = std::int64_t(i % figures);
    rendered_[split] = {fmt::format("shapes {} {}", family_, to_string(split)), images,
                        std::make_unique<std::once_flag[]>(count)};
    set_split(split, images, std::move(labels));
  }

  std::string family_;
  std::uint64_t seed_;
  int distance_ = 0;  ///< millionths
  std::map<Split, Rendered> rendered_;
};

}  // namespace
}  // namespace cambium

CAMBIUM_PLUGIN("shapes", "1", registry) {
  using namespace cambium;
  registry.add_dataset(
      "shapes", "rendered shapes among clutter, 32x32 in colour: two families of eight classes, no file needed",
      Schema()
          .choice("family", "a", {"a", "b"},
                  "a: circle, square, triangle, ...; b: star, cross, ring, ...; none is in both")
          .number("distance", 0.3, {0, 1},
                  "of family b's look (colours, textures, clutter) from a's; 0: the same, 1: nothing in common")
          .when("family", {"b"})
          .integer("train_per_class", 400, {1, 10000}, "training images of each class")
          .integer("test_per_class", 100, {1, 10000}, "test images of each class")
          .integer("seed", 0, {0, 9007199254740992.0},
                   "of the rendering; the study's seeds leave the images as they are"),
      [](const Params& params) { return std::make_unique<Shapes>(params); });
}
