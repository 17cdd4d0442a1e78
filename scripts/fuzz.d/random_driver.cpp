// For targets that clang cannot compile (LibTorch 1.13's headers in C++20): what libFuzzer does, but without its eye
// for coverage. Changes files of a folder at random for so many seconds; the input that is at work lies in ./input,
// should it bring the program down.
//
//     random_driver SECONDS FOLDER
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

std::mt19937_64 draws{std::random_device{}()};
std::size_t below(std::size_t count) { return count == 0 ? 0 : draws() % count; }

Bytes read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void change(Bytes& bytes, const std::vector<Bytes>& seeds) {
  static const std::vector<std::uint8_t> kTelling = {0, 1, 0x7f, 0x80, 0xfe, 0xff};
  // Mostly near the start, where the heads are.
  const auto place = [&] { return below(below(2) == 0 ? std::min<std::size_t>(bytes.size(), 256) : bytes.size()); };
  if (bytes.empty()) return;
  switch (below(6)) {
    case 0:
      bytes[place()] ^= std::uint8_t(1u << below(8));
      break;
    case 1:
      bytes[place()] = std::uint8_t(draws());
      break;
    case 2:
      bytes[place()] = kTelling[below(kTelling.size())];
      break;
    case 3:
      bytes.resize(below(bytes.size()) + 1);
      break;
    case 4: {
      const auto from = std::ptrdiff_t(place());
      const auto count = std::ptrdiff_t(below(std::min<std::size_t>(64, bytes.size() - std::size_t(from))));
      const Bytes piece(bytes.begin() + from, bytes.begin() + from + count);
      if (below(2) == 0)
        bytes.erase(bytes.begin() + from, bytes.begin() + from + count);
      else
        bytes.insert(bytes.begin() + from, piece.begin(), piece.end());
      break;
    }
    default: {
      const Bytes& other = seeds[below(seeds.size())];
      const std::size_t at = place(), count = std::min({below(64), bytes.size() - at, other.size()});
      std::copy_n(other.begin(), count, bytes.begin() + std::ptrdiff_t(at));
    }
  }
}

}  // namespace

int main(int count, char** words) {
  if (count != 3) return 2;
  std::vector<Bytes> seeds;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(words[2]))
    if (entry.is_regular_file()) seeds.push_back(read(entry.path()));
  if (seeds.empty()) seeds.push_back({0});
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::atoi(words[1]));
  std::size_t done = 0;
  for (; std::chrono::steady_clock::now() < end; ++done) {
    Bytes bytes = seeds[below(seeds.size())];
    if (bytes.size() > 65536) bytes.resize(65536);
    for (std::size_t i = 0, times = below(8) + 1; i < times; ++i) change(bytes, seeds);
    std::ofstream("input", std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  std::printf("Done %zu inputs from %zu files\n", done, seeds.size());
}
