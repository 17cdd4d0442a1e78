#include <malloc.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include "cambium/error.h"
#include "engine/model/torch_version.h"
#include "engine/train/checkpoint_keeper.h"
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

/// The exit status of having printed `text`.
int printed(const std::string& text) {
  const bool all = std::fputs(text.c_str(), stdout) >= 0;
  if (std::fflush(stdout) == 0 && all) return 0;
  std::fprintf(stderr, "cambium-worker: standard output cannot be written: %s\n", std::strerror(errno));
  return 1;
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
      return printed(std::string("cambium-worker, LibTorch ") + cambium::kTorchVersion + "\n");
    } else {
      const bool asked = std::strcmp(arguments[i], "--help") == 0;
      if (asked) return printed(kHelp);
      std::fputs(kHelp, stderr);
      return 2;
    }
  }
  cambium::write_checkpoints_on_sigterm();
  std::signal(SIGXFSZ, SIG_IGN);  // a file beyond the size limit shows in the write
  // What plugins print must not get between the answers.
  const int replies = ::dup(STDOUT_FILENO);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a log that still has the last line when a plugin takes the worker down
  try {
    return cambium::serve(plugin_folders, checkpoint_seconds, replies);
  } catch (const cambium::Error& error) {
    std::fprintf(stderr, "cambium-worker: %s\n    %s\n", error.message().c_str(), error.hint().c_str());
  } catch (const std::bad_alloc&) {
    std::fputs("cambium-worker: out of memory\n    raise the limit (ulimit -v), or have fewer workers\n", stderr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cambium-worker: %s\n", error.what());
  }
  return 1;
}
