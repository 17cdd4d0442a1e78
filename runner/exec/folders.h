#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace cambium {

/// Where the files beside a database lie. docs/architecture.md has the tree.
class Folders {
 public:
  explicit Folders(const std::filesystem::path& root) : root_(std::filesystem::absolute(root)) {}

  /// Makes what is missing. Throws Error{System} where it may not.
  void make() const;
  /// Takes away what workers that were killed had not finished writing. None may be running.
  void clear_partial() const;

  std::filesystem::path events(const std::string& identity, std::int64_t attempt) const;
  /// Of a measure job: the first name that is free.
  std::filesystem::path measure_events(const std::string& identity) const;
  std::filesystem::path measures_stem(const std::string& identity) const;
  std::filesystem::path weights_stem(const std::string& identity) const;
  std::filesystem::path selections() const { return root_ / "selections"; }
  std::filesystem::path taps() const { return root_ / "taps"; }
  std::filesystem::path checkpoint(const std::string& identity) const;
  std::filesystem::path log(std::size_t worker) const;

 private:
  std::filesystem::path root_;
};

}  // namespace cambium
