#include "store/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace cambium {
namespace {

/// Long enough for anyone's query or checkpoint to end; only a tool left open inside a transaction outlasts it.
constexpr int kBusyMilliseconds = 60'000;

std::string uri(const std::filesystem::path& path) {
  std::string text = "file:";
  for (const char c : std::filesystem::absolute(path).string()) {
    if (c == '%' || c == '?' || c == '#') {
      text += fmt::format("%{:02x}", static_cast<unsigned>(c));
    } else {
      text += c;
    }
  }
  return text + "?immutable=1";
}

int open(const std::filesystem::path& path, Database::Mode mode, sqlite3** handle) {
  switch (mode) {
    case Database::Mode::Write:
      return sqlite3_open_v2(path.c_str(), handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                             nullptr);
    case Database::Mode::Read:
      return sqlite3_open_v2(path.c_str(), handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
    case Database::Mode::Immutable:
      break;
  }
  return sqlite3_open_v2(uri(path).c_str(), handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI,
                         nullptr);
}

Error describe(sqlite3* handle, const std::filesystem::path& path) {
  const int code = handle == nullptr ? SQLITE_NOMEM : sqlite3_errcode(handle);
  const std::string said = handle == nullptr ? "out of memory" : sqlite3_errmsg(handle);
  const int number = handle == nullptr ? 0 : sqlite3_system_errno(handle);
  const std::string cause = number != 0 ? fmt::format("{} ({})", said, std::strerror(number)) : said;
  const std::string file = path.string();
  const std::string folder = std::filesystem::absolute(path).parent_path().string();
  const auto make = [&](const std::string& what, std::string hint) {
    return Error(ErrorKind::Store, fmt::format("database {}: {}", file, what), std::move(hint));
  };
  switch (code) {
    case SQLITE_FULL:
      return make("the disk is full",
                  fmt::format("free some space in {} and run again; what was stored before is still there", folder));
    case SQLITE_READONLY:
      return make("cannot be written: " + cause,
                  fmt::format("make {} and its folder writable, or name another file with --db FILE", file));
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return make(
          "cannot be opened: " + cause,
          fmt::format(
              "see that the folder {} is there and that you may write to it, or name another file with --db FILE",
              folder));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return make("another program keeps it locked", "end the tool that has it open in a transaction, and run again");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return make(
          "is damaged: " + cause,
          fmt::format("put back a copy, or save what can be read: sqlite3 {} .recover | sqlite3 saved.db", file));
    case SQLITE_IOERR:
    case SQLITE_NOLFS:
      if (number == EFBIG)
        return make("cannot be written: " + cause,
                    "the shell limits the size of files: raise it with `ulimit -f`, and run again");
      return make("cannot be read or written: " + cause,
                  fmt::format("check the disk that holds {}, and the space and quota on it", folder));
    case SQLITE_NOMEM:
      return make("out of memory", "close other programs and run again");
    default:
      return make(cause, "");
  }
}

}  // namespace

Database::Database(std::filesystem::path path, Mode mode) : path_(std::move(path)) {
  // Counting its memory takes SQLite a mutex for each allocation, and nobody asks. Too late for it is no harm.
  [[maybe_unused]] static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  if (open(path_, mode, &handle_) != SQLITE_OK) {
    const Error error = describe(handle_, path_);
    sqlite3_close_v2(handle_);
    throw error;
  }
  sqlite3_busy_timeout(handle_, kBusyMilliseconds);
}

Database::~Database() {
  statements_.clear();
  sqlite3_close_v2(handle_);
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
bool Database::is_read_only() const { return sqlite3_db_readonly(handle_, "main") == 1; }
std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(handle_); }
std::int64_t Database::changes() const { return sqlite3_changes64(handle_); }
Error Database::error() const { return describe(handle_, path_); }

void Database::execute(const std::string& sql) const {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) throw error();
}

std::int64_t Database::integer(std::string_view sql) const {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

Statement& Database::prepared(std::string_view sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) return found->second;
  return statements_.try_emplace(std::string(sql), *this, sql).first->second;
}

void Database::copy_to(const std::filesystem::path& to) const {
  std::filesystem::path part = to;
  part += ".part";
  std::error_code ignored;
  std::filesystem::remove(part, ignored);
  {
    // A reader of its own: a connection inside a write transaction cannot be copied from.
    const Database source(path_, Mode::Read);
    const Database target(part, Mode::Write);
    sqlite3_backup* backup = sqlite3_backup_init(target.handle_, "main", source.handle_, "main");
    if (backup == nullptr) throw target.error();
    sqlite3_backup_step(backup, -1);
    if (sqlite3_backup_finish(backup) != SQLITE_OK) {
      const Error error = target.error();
      std::filesystem::remove(part, ignored);
      throw error;
    }
  }
  std::error_code failed;
  std::filesystem::rename(part, to, failed);
  if (failed) {
    throw Error(
        ErrorKind::Store,
        fmt::format("database {}: no copy could be made at {}: {}", path_.string(), to.string(), failed.message()),
        "see that its folder is writable and has space");
  }
}

}  // namespace cambium
