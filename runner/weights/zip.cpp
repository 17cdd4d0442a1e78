#include "weights/zip.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace cambium {
namespace {

// PKWARE's APPNOTE.TXT, sections 4.3.7 to 4.3.16.
constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                        kLocator64 = 0x07064b50;
constexpr std::size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kEnd64Size = 56, kLocator64Size = 20;

struct Directory {
  std::uint64_t begin = 0, size = 0, members = 0;
};

class ZipReader {
 public:
  explicit ZipReader(const WeightsSource& source) : source_(source), size_(source.bytes.size()) {}

  std::map<std::string, ZipMember> read() {
    const Directory directory = find_directory();
    std::map<std::string, ZipMember> members;
    struct Range {
      std::size_t begin, end;
      std::string name;
    };
    std::vector<Range> ranges;
    std::size_t at = std::size_t(directory.begin);
    const std::size_t end = at + std::size_t(directory.size);
    for (std::uint64_t i = 0; i < directory.members; ++i) {
      if (end - at < kCentralSize || source_.number<std::uint32_t>(at) != kCentral)
        source_.fail(fmt::format("has a zip directory that is damaged at its member {}", i));
      const auto flags = source_.number<std::uint16_t>(at + 8), method = source_.number<std::uint16_t>(at + 10);
      std::uint64_t packed = source_.number<std::uint32_t>(at + 20), size = source_.number<std::uint32_t>(at + 24),
                    offset = source_.number<std::uint32_t>(at + 42);
      const std::size_t name_size = source_.number<std::uint16_t>(at + 28),
                        extra_size = source_.number<std::uint16_t>(at + 30),
                        comment_size = source_.number<std::uint16_t>(at + 32);
      if (end - at - kCentralSize < name_size + extra_size + comment_size)
        source_.fail(fmt::format("has a zip directory that is cut short at its member {}", i));
      const std::string name(source_.text(at + kCentralSize, name_size));
      take_zip64(at + kCentralSize + name_size, extra_size, size, packed, offset);
      at += kCentralSize + name_size + extra_size + comment_size;
      if (flags & 1) source_.fail(fmt::format("has its member {} encrypted", name), "decrypt it");
      if (offset > directory.begin || directory.begin - offset < kLocalSize ||
          source_.number<std::uint32_t>(std::size_t(offset)) != kLocal)
        source_.fail(fmt::format("has its member {} where none is", name));
      // The local header has a name and extras of its own size, which pad the data to where torch wants it.
      ZipMember member;
      member.begin = std::size_t(offset) + kLocalSize + source_.number<std::uint16_t>(std::size_t(offset) + 26) +
                     source_.number<std::uint16_t>(std::size_t(offset) + 28);
      member.size = std::size_t(size);
      member.stored = method == 0;
      if (member.begin > directory.begin || packed > directory.begin - member.begin)
        source_.fail(
            fmt::format("has its member {} reach past the end: {} bytes from {} on", name, packed, member.begin));
      if (member.stored && packed != size)
        source_.fail(fmt::format("gives its member {} two sizes, {} and {}", name, packed, size));
      ranges.push_back({std::size_t(offset), member.begin + std::size_t(packed), name});
      if (!members.emplace(name, member).second) source_.fail(fmt::format("has two members called {}", name));
    }
    std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
    for (std::size_t i = 1; i < ranges.size(); ++i)
      if (ranges[i].begin < ranges[i - 1].end)
        source_.fail(fmt::format("lets its members {} and {} overlap", ranges[i - 1].name, ranges[i].name));
    return members;
  }

 private:
  Directory find_directory() const {
    constexpr std::size_t kComment = 65535;
    if (size_ < kEndSize) source_.fail("is a zip that is cut short");
    const std::size_t last = size_ - kEndSize, first = last > kComment ? last - kComment : 0;
    for (std::size_t at = last + 1; at-- > first;) {
      if (source_.number<std::uint32_t>(at) != kEnd) continue;
      if (at + kEndSize + source_.number<std::uint16_t>(at + 20) != size_) continue;
      Directory directory{source_.number<std::uint32_t>(at + 16), source_.number<std::uint32_t>(at + 12),
                          source_.number<std::uint16_t>(at + 10)};
      std::size_t limit = at;
      if (at >= kLocator64Size && source_.number<std::uint32_t>(at - kLocator64Size) == kLocator64) {
        const auto end64 = source_.number<std::uint64_t>(at - kLocator64Size + 8);
        if (end64 > at || at - end64 < kEnd64Size + kLocator64Size ||
            source_.number<std::uint32_t>(std::size_t(end64)) != kEnd64)
          source_.fail("has a zip directory that is damaged");
        limit = std::size_t(end64);
        directory = {source_.number<std::uint64_t>(limit + 48), source_.number<std::uint64_t>(limit + 40),
                     source_.number<std::uint64_t>(limit + 32)};
      }
      if (directory.begin > limit || directory.size > limit - directory.begin)
        source_.fail("has a zip directory past its own end");
      return directory;
    }
    source_.fail("is a zip whose end is missing: it is cut short", "fetch it again");
  }

  /// Sizes and places that need more than 32 bits stand in an extra field.
  void take_zip64(std::size_t at, std::size_t extra_size, std::uint64_t& size, std::uint64_t& packed,
                  std::uint64_t& offset) const {
    constexpr std::uint64_t kElsewhere = 0xffffffff;
    while (extra_size >= 4) {
      const auto id = source_.number<std::uint16_t>(at), length = source_.number<std::uint16_t>(at + 2);
      at += 4;
      extra_size -= 4;
      if (length > extra_size) return;
      if (id == 1) {
        std::size_t used = 0;
        for (std::uint64_t* value : {&size, &packed, &offset})
          if (*value == kElsewhere && length - used >= 8) {
            *value = source_.number<std::uint64_t>(at + used);
            used += 8;
          }
        return;
      }
      at += length;
      extra_size -= length;
    }
  }

  const WeightsSource& source_;
  const std::size_t size_;
};

}  // namespace

std::map<std::string, ZipMember> read_zip(const WeightsSource& source) { return ZipReader(source).read(); }

}  // namespace cambium
