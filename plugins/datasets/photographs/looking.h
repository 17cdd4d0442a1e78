#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "verdicts.h"

namespace cambium {

/// An image file's bytes, gzip unpacked. Throws Error{Data} naming the file.
std::vector<std::uint8_t> read_image(const std::filesystem::path& path);

/// An image file that was looked at.
struct LookedAt {
  std::vector<std::uint8_t> bytes;
  std::string sha256;  ///< of them; empty where they cannot be read
  Verdict verdict;
};

/// Reads each of `files` once and calls `each` with its position, in order. What decoding comes to is asked of
/// `verdicts` first, then found out on all CPUs that the process may use, and put there. None: only heads are looked
/// at.
void look_at_images(const std::vector<std::filesystem::path>& files, Verdicts* verdicts,
                    const std::function<void(std::size_t, const LookedAt&)>& each);

}  // namespace cambium
