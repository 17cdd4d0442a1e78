#include "looking.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

#include "cambium/error.h"
#include "cambium/files.h"
#include "decode.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

std::size_t usable_cpus() {
  cpu_set_t set;
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? std::size_t(std::max(1, CPU_COUNT(&set))) : 1;
}

/// Calls work(0) .. work(count - 1), which must not throw, on so many threads.
void in_parallel(std::size_t threads, std::size_t count, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  const auto loop = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::jthread> others;
  for (std::size_t t = 1; t < std::min(threads, count); ++t) others.emplace_back(loop);
  loop();
}

Verdict judged(Bytes file, bool whole) {
  DecodeOptions how;
  how.head_only = !whole;
  try {
    const Picture picture = decode_image(file, how);
    return {"", "", picture.more, picture.grey_greatest};
  } catch (const Error& error) {
    return {error.message(), error.hint()};
  }
}

struct Look {
  LookedAt image;
  std::exception_ptr thrown;  ///< no memory, for instance: says nothing about the file
};

Look look_at(const fs::path& path, const Verdicts* verdicts) {
  Look look;
  LookedAt& image = look.image;
  try {
    image.bytes = read_image(path);
    image.sha256 = Sha256().add(image.bytes).hex();
    const auto known = verdicts ? verdicts->find(image.sha256) : std::nullopt;
    image.verdict = known ? *known : judged(image.bytes, verdicts != nullptr);
  } catch (const Error& error) {
    image.verdict = {error.message(), error.hint()};
  } catch (...) {
    look.thrown = std::current_exception();
  }
  return look;
}

}  // namespace

std::vector<std::uint8_t> read_image(const fs::path& path) {
  constexpr std::size_t kMostBytes = std::size_t{1} << 30;
  std::error_code ignored;
  if (fs::is_symlink(path, ignored) && !fs::exists(path, ignored))
    throw Error(ErrorKind::Data,
                path.string() + ": is a link that leads nowhere: " + fs::read_symlink(path, ignored).string(),
                "fetch what it leads to (dvc pull, git annex get), or take it away");
  return read_bytes(path, kMostBytes);
}

void look_at_images(const std::vector<fs::path>& files, Verdicts* verdicts,
                    const std::function<void(std::size_t, const LookedAt&)>& each) {
  const std::size_t threads = usable_cpus(), block = 4 * threads;  // few in memory at a time
  for (std::size_t begin = 0; begin < files.size(); begin += block) {
    std::vector<Look> looks(std::min(block, files.size() - begin));
    in_parallel(threads, looks.size(), [&](std::size_t i) { looks[i] = look_at(files[begin + i], verdicts); });
    for (std::size_t i = 0; i < looks.size(); ++i) {
      if (looks[i].thrown) std::rethrow_exception(looks[i].thrown);
      const LookedAt& image = looks[i].image;
      if (verdicts && !image.sha256.empty()) verdicts->add(image.sha256, image.verdict);
      each(begin + i, image);
    }
  }
}

}  // namespace cambium
