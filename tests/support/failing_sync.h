#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <regex>
#include <string>

/// Stand-ins for libc's calls that bring a file to the disk, for one source file of a test program: they take the place
/// of libc's in it. Each is told of, and fails where `failing`, a regular expression, finds something in its file's
/// name.
namespace cambium::test {

inline std::string failing, synced;

inline int sync_stand_in(int file) {
  char name[4096] = {};
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  if (::readlink(link.c_str(), name, sizeof name - 1) < 0) return -1;
  synced += std::string(name) + "\n";
  if (failing.empty() || !std::regex_search(name, std::regex(failing))) return 0;
  errno = EIO;
  return -1;
}

}  // namespace cambium::test

extern "C" int fdatasync(int file) { return cambium::test::sync_stand_in(file); }
extern "C" int fsync(int file) { return cambium::test::sync_stand_in(file); }
