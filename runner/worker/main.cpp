#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "engine/checkpoint_keeper.h"
#include "engine/torch_version.h"
#include "worker/serve.h"

namespace {

constexpr const char* kHelp =
    "cambium-worker [--plugins DIR ...] [--checkpoint SECONDS]\n"
    "\n"
    "Trains for cambium, which starts it. It reads requests from standard input, one line of JSON each, and answers in "
    "kind:\n"
    "\n"
    "    echo '{\"do\": \"describe\"}' | cambium-worker\n";

/// Keeps what is freed for the next step. Big activations would otherwise be mapped anew, page by page, at each: a
/// third of the time of ResNet-18 at 224 pixels, half of EfficientNet-Lite0's.
void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int kMost = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kMost);
  mallopt(M_TRIM_THRESHOLD, kMost);
#endif
}

}  // namespace

int main(int count, char** arguments) {
  keep_freed_memory();
  std::vector<std::filesystem::path> plugin_folders;
  double checkpoint_seconds = 0;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--plugins") == 0 && i + 1 < count) {
      plugin_folders.push_back(arguments[++i]);
    } else if (std::strcmp(arguments[i], "--checkpoint") == 0 && i + 1 < count) {
      checkpoint_seconds = std::atof(arguments[++i]);
    } else if (std::strcmp(arguments[i], "--version") == 0) {
      std::printf("cambium-worker, LibTorch %s\n", cambium::kTorchVersion);
      return 0;
    } else {
      const bool asked = std::strcmp(arguments[i], "--help") == 0;
      std::fputs(kHelp, asked ? stdout : stderr);
      return asked ? 0 : 2;
    }
  }
  cambium::write_checkpoints_on_sigterm();
  // What plugins print must not get between the answers.
  const int replies = ::dup(STDOUT_FILENO);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a log that still has the last line when a plugin takes the worker down
  return cambium::serve(plugin_folders, checkpoint_seconds, replies);
}
