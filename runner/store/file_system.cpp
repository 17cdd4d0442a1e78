#include "store/file_system.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <sstream>

namespace cambium {
namespace {

/// Of statfs(2) and of coreutils' stat.c.
struct Kind {
  std::uint32_t magic;
  const char* name;
};
constexpr std::array<Kind, 22> kNetwork = {
    {{0x6969, "nfs"},          {0xff534d42, "cifs"},   {0xfe534d42, "smb2"},   {0x517b, "smb"},
     {0x564c, "ncp"},          {0x01021997, "9p"},     {0x0bd00bd0, "lustre"}, {0x00c36400, "ceph"},
     {0x47504653, "gpfs"},     {0x5346414f, "afs"},    {0x6b414653, "afs"},    {0x73757245, "coda"},
     {0x19830326, "beegfs"},   {0xaad7aaea, "panfs"},  {0x7461636f, "ocfs2"},  {0x01161970, "gfs2"},
     {0x20030528, "orangefs"}, {0x786f4256, "vboxsf"}, {0xbacbacbc, "vmhgfs"}, {0x013111a8, "ibrix"},
     {0x61636673, "acfs"},     {0xbeefdead, "snfs"}}};
constexpr std::uint32_t kFuse = 0x65735546;
/// What is not on another machine among all that FUSE stands for.
constexpr std::array<const char*, 3> kLocalFuse = {"fuseblk", "fuse.fuse-overlayfs", "fuse.ntfs-3g"};

/// The type by which a folder's file system was mounted; empty where that is not told.
std::string mounted_as(const std::filesystem::path& folder) {
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0) return "";
  const std::string device = fmt::format("{}:{}", major(info.st_dev), minor(info.st_dev));
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string number, parent, here, word;
    words >> number >> parent >> here;
    if (here != device) continue;
    while (words >> word && word != "-") {
    }
    return words >> word ? word : "";
  }
  return "";
}

}  // namespace

std::string network_file_system(const std::filesystem::path& folder) {
  struct statfs info {};
  if (::statfs(folder.c_str(), &info) != 0) return "";
  const auto magic = static_cast<std::uint32_t>(info.f_type);
  if (magic == kFuse) {
    const std::string type = mounted_as(folder);
    if (std::find(kLocalFuse.begin(), kLocalFuse.end(), type) != kLocalFuse.end()) return "";
    return type.starts_with("fuse") || type == "virtiofs" ? type : "fuse";
  }
  const auto found =
      std::find_if(kNetwork.begin(), kNetwork.end(), [&](const Kind& kind) { return kind.magic == magic; });
  return found == kNetwork.end() ? "" : found->name;
}

}  // namespace cambium
