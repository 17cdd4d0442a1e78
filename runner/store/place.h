#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace cambium {

class Database;

/// The one file that a database is, by whatever name: absolute, every link followed, whether or not what it leads to is
/// there yet, and a "file:" address read. Throws Error{Usage} for a name that is no file's: "", ":memory:".
std::filesystem::path database_file(const std::filesystem::path& name);

/// The folder of the files that belong to a database: "x.files" beside "x.db". Two databases never share one.
std::filesystem::path files_folder(Database& database);

/// Of an attempt at a cell, in that folder.
std::filesystem::path event_file(const std::filesystem::path& folder, const std::string& identity,
                                 std::int64_t attempt);

/// How the path of a file is stored: relative to the folder where it lies in that, so that both may move. An absolute
/// path that leads into such a folder and is there no more is taken as one into `folder`.
std::string stored_path(const std::string& path, const std::filesystem::path& folder);
/// The way back.
std::string full_path(const std::string& stored, const std::filesystem::path& folder);

}  // namespace cambium
