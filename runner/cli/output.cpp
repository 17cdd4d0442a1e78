#include "cli/output.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>

#include "cambium/error.h"
#include "report/text.h"

namespace cambium {
namespace {

/// The columns that one text may take in a table on a terminal.
constexpr std::size_t kTextColumns = 60;

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

/// After a hang-up nothing can be written to it, and nobody is there to be told.
bool is_terminal_gone() {
  struct stat info {};
  return errno == EIO && fstat(STDOUT_FILENO, &info) == 0 && S_ISCHR(info.st_mode);
}

std::string hint_line(const std::string& hint) { return hint.empty() ? "" : "    " + hint + "\n"; }

}  // namespace

void print(std::string_view text) {
  const bool all = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if ((std::fflush(stdout) == 0 && all) || errno == EPIPE || is_terminal_gone()) return;
  throw Error(ErrorKind::System, fmt::format("standard output cannot be written: {}", std::strerror(errno)),
              errno == EFBIG ? "the shell limits the size of files: raise it with `ulimit -f`"
                             : "is the disk full, or the file closed?");
}

void print(const Table& table, Format how) { print(format(table, how, text_columns(table.columns.size()))); }

std::size_t text_columns(std::size_t columns) { return isatty(STDOUT_FILENO) && columns > 1 ? kTextColumns : 0; }

void tell(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

void tell(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems.sorted()) {
    const std::string place = to_string(problem.place);
    text += fmt::format("{}{}{}: {}\n{}", place, place.empty() ? "" : ": ",
                        problem.severity == Problem::Severity::Error ? "error" : "warning", problem.message,
                        hint_line(problem.hint));
  }
  if (problems.has_errors()) text += counted(static_cast<std::int64_t>(problems.errors()), "error") + "\n";
  tell(text);
}

int tell_exception() {
  try {
    throw;
  } catch (const Error& error) {
    const std::string place = to_string(error.place());
    tell(
        fmt::format("cambium: {}{}{}\n{}", place, place.empty() ? "" : ": ", error.message(), hint_line(error.hint())));
    switch (error.kind()) {
      case ErrorKind::Usage:
      case ErrorKind::Study:
      case ErrorKind::Data:
      case ErrorKind::Plugin:
        return 2;
      default:
        return 1;
    }
  } catch (const std::bad_alloc&) {
    std::fputs(
        "cambium: out of memory\n    close other programs, raise the limit (`ulimit -v`), or ask for less at once\n",
        stderr);
  } catch (const std::filesystem::filesystem_error& error) {
    const std::string path = error.path1().string();
    tell(fmt::format("cambium: {}{}{}\n    see that it is there, and that you may use it\n", path,
                     path.empty() ? "" : ": ", error.code().message()));
  } catch (const std::exception& error) {
    tell(fmt::format("cambium: {}\n", error.what()));
  }
  return 1;
}

Terminal Terminal::standard_error() {
  const char* kind = std::getenv("TERM");
  const bool live = isatty(STDERR_FILENO) && (kind == nullptr || std::strcmp(kind, "dumb") != 0);
  return {live, live && !is_set("NO_COLOR")};
}

std::size_t Terminal::width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  const int given = columns == nullptr ? 0 : std::atoi(columns);
  return given > 0 ? static_cast<std::size_t>(given) : 80;
}

}  // namespace cambium
