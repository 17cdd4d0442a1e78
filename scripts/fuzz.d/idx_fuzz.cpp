// libFuzzer target: the reader of IDX files, through gzip too.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cambium/error.h"
#include "idx_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::filesystem::path path =
      (std::filesystem::exists("/dev/shm") ? "/dev/shm/cambium-fuzz-" : "/tmp/cambium-fuzz-") +
      std::to_string(getpid());
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(data), std::streamsize(size));
  try {
    const cambium::IdxFile file = cambium::read_idx(path);
    std::size_t sum = 0;
    for (const std::uint8_t element : file.elements()) sum += element;
    static volatile std::size_t kept;
    kept = sum;
  } catch (const cambium::Error&) {
  }
  std::filesystem::remove(path);
  return 0;
}
