#include "store/place.h"

#include <fmt/format.h>

#include <charconv>
#include <deque>

#include "store/database.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNameAFile = "name a file: --db results/study.db";

/// As many as Linux follows.
constexpr int kMostLinks = 40;

/// "%20" and the like as the bytes that they stand for.
std::string decoded(std::string_view text, const std::string& whole) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] != '%') {
      result += text[i];
    } else if (const char* digits = text.data() + i + 1;
               i + 2 < text.size() && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2 && byte != 0) {
      result += static_cast<char>(byte);
      i += 2;
    } else {
      throw Error(ErrorKind::Usage, fmt::format("--db {}: what follows a % is no byte", whole), kNameAFile);
    }
  }
  return result;
}

/// The path of SQLite's "file:" form, https://www.sqlite.org/uri.html.
fs::path path_of_uri(const std::string& uri) {
  std::string_view rest = std::string_view(uri).substr(5);
  rest = rest.substr(0, rest.find('#'));
  const std::size_t question = rest.find('?');
  std::string_view settings = question == std::string_view::npos ? std::string_view() : rest.substr(question + 1);
  rest = rest.substr(0, question);
  if (rest.starts_with("//")) {
    const std::size_t slash = rest.find('/', 2);
    const std::string_view host = rest.substr(2, slash == std::string_view::npos ? slash : slash - 2);
    if (slash == std::string_view::npos || (!host.empty() && host != "localhost"))
      throw Error(ErrorKind::Usage, fmt::format("--db {}: names another machine", uri), kNameAFile);
    rest = rest.substr(slash);
  }
  while (!settings.empty()) {
    const std::string_view one = settings.substr(0, settings.find('&'));
    settings = settings.substr(std::min(settings.size(), one.size() + 1));
    if (one != "mode=rw" && one != "mode=rwc" && !one.starts_with("cache="))
      throw Error(ErrorKind::Usage, fmt::format("--db {}: {} is not for Cambium to set", uri, one),
                  "name the file alone; verbs that only read write nothing to it");
  }
  return decoded(rest, uri);
}

/// As `realpath -m`: every link is followed, whether or not what it leads to is there.
fs::path real_path(const fs::path& absolute) {
  std::deque<fs::path> left(absolute.begin(), absolute.end());
  fs::path real;
  for (int links = 0; !left.empty();) {
    const fs::path part = left.front();
    left.pop_front();
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      real = real.parent_path();
      continue;
    }
    std::error_code failed;
    const fs::path next = real / part;
    if (!fs::is_symlink(fs::symlink_status(next, failed))) {
      real = next;
      continue;
    }
    const fs::path target = fs::read_symlink(next, failed);
    if (failed || ++links > kMostLinks)
      throw Error(ErrorKind::Store, fmt::format("{}: its symbolic links go in a circle", absolute.string()),
                  "name the file itself with --db FILE");
    left.insert(left.begin(), target.begin(), target.end());
  }
  return real;
}

}  // namespace

fs::path database_file(const fs::path& name) {
  if (name.empty())
    throw Error(ErrorKind::Usage, "--db is given no name",
                std::string(kNameAFile) + "; is a variable of a script unset?");
  const fs::path path = name.native().starts_with("file:") ? path_of_uri(name.native()) : name;
  if (path == ":memory:")
    throw Error(ErrorKind::Usage,
                fmt::format("--db {}: what is only in memory is gone when the program ends", name.string()),
                kNameAFile);
  if (!path.has_filename())
    throw Error(ErrorKind::Usage,
                fmt::format("--db {}: names {}", name.string(), path.empty() ? "no file" : "a folder"), kNameAFile);
  std::error_code failed;
  const fs::path absolute = fs::absolute(path, failed);
  if (failed)
    throw Error(ErrorKind::System,
                fmt::format("--db {}: the working folder cannot be told: {}", name.string(), failed.message()),
                "it may have been deleted: cd to another, or give the whole path");
  const fs::path file = real_path(absolute);
  if (fs::is_directory(file, failed))
    throw Error(ErrorKind::Store, fmt::format("database {}: it is a folder", file.string()),
                "name a file with --db FILE");
  return file;
}

fs::path files_folder(Database& database) {
  Statement& find = database.prepared("SELECT path FROM files_folder");
  find.bind().step();
  std::string path = find.text(0);
  find.reset();
  return path;
}

fs::path event_file(const fs::path& folder, const std::string& identity, std::int64_t attempt) {
  return folder / "events" / fmt::format("{}-{}.jsonl", identity.substr(0, 16), attempt);
}

std::string stored_path(const std::string& path, const fs::path& folder) {
  const fs::path whole = path, parent = whole.parent_path();
  const fs::path tail = parent.filename() / whole.filename();
  if (whole.is_relative() || !parent.parent_path().native().ends_with(".files")) return path;
  std::error_code ignored;
  return fs::exists(whole, ignored) && !fs::exists(folder / tail, ignored) ? path : tail.string();
}

std::string full_path(const std::string& stored, const fs::path& folder) { return (folder / stored).string(); }

}  // namespace cambium
