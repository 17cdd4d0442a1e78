#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cambium/error.h"
#include "store/statement.h"

struct sqlite3;

namespace cambium {

/// One connection to a SQLite file, after SQLiteCpp's Database. For one thread at a time. Whatever fails throws
/// Error{Store} with the file's path and the way out. Private to this room.
class Database {
 public:
  enum class Mode {
    Write,     ///< makes the file if it is absent
    Read,      ///< needs to write the -shm file beside it, if it is in WAL mode and not in use
    Immutable  ///< on a medium that nobody can write
  };

  Database(std::filesystem::path path, Mode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::filesystem::path& path() const { return path_; }
  sqlite3* handle() const { return handle_; }
  bool in_transaction() const;
  /// Opened to write, but the file is write-protected: SQLite then opens it to read without a word.
  bool is_read_only() const;
  std::int64_t last_insert_id() const;
  std::int64_t changes() const;  ///< rows that the last statement wrote

  /// Runs one or more statements, rows going nowhere.
  void execute(const std::string& sql) const;
  /// The one number that `sql` gives.
  std::int64_t integer(std::string_view sql) const;
  /// The statement for `sql`, prepared once in this connection's life; one use at a time.
  Statement& prepared(std::string_view sql);
  /// Copies the whole database to a new file that appears complete or not at all.
  void copy_to(const std::filesystem::path& to) const;

  /// What SQLite last complained about, with the path and the way out.
  Error error() const;

 private:
  std::filesystem::path path_;
  sqlite3* handle_ = nullptr;
  /// Looked up by string_view, without a copy of the text.
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, Statement, Hash, std::equal_to<>> statements_;
};

}  // namespace cambium
