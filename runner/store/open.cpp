#include "store/open.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <regex>
#include <utility>

#include "store/file_system.h"
#include "store/transaction.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

Error problem(const fs::path& path, const std::string& what, std::string hint) {
  return {ErrorKind::Store, fmt::format("database {}: {}", path.string(), what), std::move(hint)};
}

Error newer(const fs::path& path, std::int64_t version, int known) {
  return problem(path, fmt::format("it is of layout version {}, and this Cambium knows up to {}", version, known),
                 "use the newer Cambium that wrote it, or name another file with --db FILE");
}

fs::path beside(const fs::path& path, const char* suffix) {
  fs::path result = path;
  result += suffix;
  return result;
}

bool has_content(const fs::path& path) {
  std::error_code failed;
  return fs::file_size(path, failed) > 0 && !failed;
}

std::uint32_t big_endian(const unsigned char* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

/// https://www.sqlite.org/fileformat.html#the_database_header
using Header = std::array<unsigned char, 100>;
int version_in(const Header& header) { return static_cast<int>(big_endian(&header[60])); }

/// Looks at the file without SQLite, which would leave its own files beside another program's. True if it is a database
/// of ours, false if there is none yet. The application id is in the file from its first transaction on, which is made
/// without WAL.
bool look(const fs::path& path, int version) {
  std::error_code failed;
  const fs::file_status status = fs::status(path, failed);
  if (status.type() == fs::file_type::not_found) return false;
  if (fs::is_directory(status)) throw problem(path, "it is a folder", "name a file with --db FILE");
  Header header{};
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw problem(path, fmt::format("cannot be read: {}", std::strerror(errno)),
                  "see that you may read it, or name another file with --db FILE");
  }
  file.read(reinterpret_cast<char*>(header.data()), header.size());
  if (file.gcount() == 0) return false;
  if (file.gcount() < std::streamsize{header.size()} || std::memcmp(header.data(), "SQLite format 3", 16) != 0) {
    throw problem(path, "it is no SQLite database; it was left as it is", "name another file with --db FILE");
  }
  if (big_endian(&header[68]) != kApplicationId) {
    throw problem(path, "it is a SQLite database of another program; it was left as it is",
                  "name another file with --db FILE");
  }
  if (version_in(header) > version) throw newer(path, version_in(header), version);
  return true;
}

fs::path backup_name(const fs::path& path, std::int64_t version) {
  const std::string first = fmt::format("{}.v{}-backup", path.string(), version);
  fs::path name = first;
  for (int i = 2; fs::exists(name); ++i) name = fmt::format("{}-{}", first, i);
  return name;
}

void make_views(Database& database, const std::string& views) {
  static const std::regex kName("CREATE VIEW (\\w+)");
  for (std::sregex_iterator at(views.begin(), views.end(), kName), end; at != end; ++at) {
    database.execute("DROP VIEW IF EXISTS " + (*at)[1].str());
  }
  database.execute(views);
}

/// Brings the file to the layout's version, in one transaction.
void migrate(Database& database, const Layout& layout) {
  if (database.integer("PRAGMA user_version") == layout.version()) return;
  Transaction transaction(database);
  const std::int64_t version = database.integer("PRAGMA user_version");  // nobody else can change it any more
  if (version == layout.version()) return;
  if (version > layout.version()) throw newer(database.path(), version, layout.version());
  if (version > 0) database.copy_to(backup_name(database.path(), version));
  for (auto i = static_cast<std::size_t>(version); i < layout.steps.size(); ++i) layout.steps[i](database);
  make_views(database, layout.views);
  database.execute(
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kApplicationId, layout.version()));
  if (Statement check(database, "PRAGMA foreign_key_check"); check.step()) {
    throw problem(database.path(),
                  fmt::format("its migration from version {} would leave table {} with rows that point nowhere",
                              version, check.text(0)),
                  "nothing was changed; please report this");
  }
  transaction.commit();
}

/// By a second hard link SQLite would find neither its journal nor us our lock.
void check_links(const fs::path& path) {
  std::error_code absent;
  const auto links = fs::hard_link_count(path, absent);
  if (absent || links < 2) return;
  throw problem(
      path, fmt::format("the file has {} names (hard links), and a journal and a lock by one of them only", links),
      fmt::format("give it a copy of its own: cp {0} {0}.copy && mv {0}.copy {0}; a symbolic link may name it",
                  path.string()));
}

/// A write-ahead log needs memory that all who have the file open share, which a network file system does not give:
/// https://www.sqlite.org/wal.html. There a journal is written, and each transaction waits for the disk.
void use_journal(Database& database) {
  std::string mode;
  {
    Statement change(database, "PRAGMA journal_mode = DELETE");
    change.step();
    mode = change.text(0);
  }
  if (mode != "delete")
    throw problem(database.path(), "it has a write-ahead log, which a network file system does not bear",
                  "move it to a disk of this machine, with the folder of its files");
  database.execute("PRAGMA locking_mode = NORMAL; PRAGMA synchronous = FULL");
  database.integer("SELECT count(*) FROM sqlite_schema");  // lets the lock go
}

/// What is lost to a power cut is the last transactions, never the file's soundness; and the event files still have
/// them.
void use_log(Database& database) { database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL"); }

}  // namespace

std::unique_ptr<Database> open_to_write(const fs::path& path, const Layout& layout) {
  look(path, layout.version());
  check_links(path);
  const fs::path folder = fs::absolute(path).parent_path();
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) {
    throw problem(path, fmt::format("the folder {} cannot be made: {}", folder.string(), failed.message()),
                  "see that you may write there, or name another file with --db FILE");
  }
  auto database = std::make_unique<Database>(path, Database::Mode::Write);
  const bool remote = !network_file_system(folder).empty();
  if (remote) database->execute("PRAGMA locking_mode = EXCLUSIVE");  // a log that is ended needs no shared memory then
  database->integer("PRAGMA schema_version");                        // opens it in earnest
  if (database->is_read_only()) {
    throw problem(path, "it is write-protected",
                  fmt::format("chmod u+w {}, or name another file with --db FILE", path.string()));
  }
  if (remote) use_journal(*database);
  migrate(*database, layout);
  if (!remote) use_log(*database);
  database->execute("PRAGMA foreign_keys = ON; PRAGMA cache_size = -65536");
  return database;
}

bool is_older(const fs::path& path, const Layout& layout) {
  Header header{};
  std::ifstream file(path, std::ios::binary);
  return file.read(reinterpret_cast<char*>(header.data()), header.size()) &&
         big_endian(&header[68]) == kApplicationId && version_in(header) < layout.version();
}

std::unique_ptr<Database> open_to_read(const fs::path& path, const Layout& layout) {
  if (!look(path, layout.version())) {
    throw problem(path, fs::exists(path) ? "it is empty" : "there is no such file",
                  "run a study first, or name another file with --db FILE");
  }
  // Without write permission, a WAL database that nobody has open can be read only as one that nobody will change.
  const bool immutable =
      access(fs::absolute(path).parent_path().c_str(), W_OK) != 0 && !has_content(beside(path, "-wal"));
  auto database = std::make_unique<Database>(path, immutable ? Database::Mode::Immutable : Database::Mode::Read);
  const std::int64_t version = database->integer("PRAGMA user_version");
  if (version > layout.version()) throw newer(path, version, layout.version());
  if (version < layout.version()) {
    throw problem(path,
                  fmt::format("it is of the older layout version {}, and this Cambium reads version {}", version,
                              layout.version()),
                  "open it once where it may be written: that brings it up to date, after making a copy");
  }
  return database;
}

}  // namespace cambium
