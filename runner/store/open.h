#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "store/database.h"
#include "store/layout.h"

namespace cambium {

/// In a SQLite file's header, so that it says whose it is: "Camb".
inline constexpr std::int64_t kApplicationId = 0x43616d62;

/// Opens a database of `layout`. Write: makes it, or migrates an older one after a copy beside it ("x.db.v1-backup"); a
/// failed migration leaves the file as it was. Read: as it is, whoever else is writing it. Throws Error{Store}, before
/// anything is touched, for a file of a newer layout, of another program, or that is no database. Tests pass layouts of
/// their own.
std::unique_ptr<Database> open_to_write(const std::filesystem::path& path, const Layout& layout);
std::unique_ptr<Database> open_to_read(const std::filesystem::path& path, const Layout& layout);

/// Whether there is a database of an earlier layout at `path`.
bool is_older(const std::filesystem::path& path, const Layout& layout);

}  // namespace cambium
