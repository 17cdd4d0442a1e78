#include "page/draw.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>

#include "cambium/error.h"
#include "cambium/files.h"
#include "page/asset.h"

extern char** environ;

namespace cambium::page {
namespace {

namespace fs = std::filesystem;

/// What a page takes from its style, on white paper.
const std::map<std::string, std::string>& colours() {
  static const std::map<std::string, std::string> kLight = {
      {"var(--ink)", "#1b1f24"}, {"var(--soft)", "#57606a"}, {"var(--line)", "#d8dee4"}, {"var(--c0)", "#0072b2"},
      {"var(--c1)", "#d55e00"},  {"var(--c2)", "#00835f"},   {"var(--c3)", "#b8528f"},   {"var(--c4)", "#9a6b00"},
      {"var(--c5)", "#6a4fb3"},  {"var(--c6)", "#2f8f9d"},   {"var(--c7)", "#6b7280"}};
  return kLight;
}

void paint(Json& json) {
  if (json.is_string()) {
    const auto found = colours().find(json.get<std::string>());
    if (found != colours().end()) json = found->second;
    return;
  }
  if (json.is_structured())
    for (Json& element : json) paint(element);
}

/// Only what a file's name can hold anywhere.
std::string file_name(const std::string& name) {
  std::string result;
  for (const char c : name)
    result += std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.' ? c : '_';
  return result;
}

/// A file without a name, at its beginning.
struct Scratch {
  std::FILE* file = std::tmpfile();
  Scratch() {
    if (file == nullptr)
      throw Error(ErrorKind::System, std::string("no temporary file can be made: ") + std::strerror(errno),
                  "is there room in $TMPDIR?");
  }
  ~Scratch() { std::fclose(file); }
  int descriptor() const { return fileno(file); }
};

void run_python(const fs::path& packages, const std::string& order) {
  Scratch in, err;
  if (std::fwrite(order.data(), 1, order.size(), in.file) != order.size() || std::fflush(in.file) != 0)
    throw Error(ErrorKind::System, "no temporary file can be written", "is there room in $TMPDIR?");
  std::rewind(in.file);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.descriptor(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.descriptor(), STDERR_FILENO);
  std::string script(asset("draw.py")), path = "PYTHONPATH=" + packages.string(), program = "python3", option = "-c";
  char* words[] = {program.data(), option.data(), script.data(), nullptr};
  std::vector<char*> environment = {path.data()};
  for (char** one = environ; *one != nullptr; ++one)
    if (std::strncmp(*one, "PYTHONPATH=", 11) != 0) environment.push_back(*one);
  environment.push_back(nullptr);
  pid_t child = 0;
  const int failed = posix_spawnp(&child, "python3", &actions, nullptr, words, environment.data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0)
    throw Error(ErrorKind::System, std::string("python3 does not start: ") + std::strerror(failed),
                "drawing files needs Python 3; the page needs none");
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  std::rewind(err.file);
  std::string said, last;
  for (int c = 0; (c = std::fgetc(err.file)) != EOF;) said += static_cast<char>(c);
  while (!said.empty() && said.back() == '\n') said.pop_back();
  last = said.substr(said.rfind('\n') + 1);
  throw Error(
      ErrorKind::System, "the figures could not be drawn: " + last,
      "see that the folder can be written and the disk has room; `scripts/fetch_figures` puts the library anew");
}

}  // namespace

std::vector<fs::path> draw(const std::vector<Figure>& figures, const Library& library, const fs::path& folder,
                           const std::string& format) {
  std::error_code trouble;
  fs::create_directories(folder, trouble);
  if (!fs::is_directory(folder))
    throw Error(ErrorKind::System, fmt::format("{}: the folder cannot be made: {}", folder.string(), trouble.message()),
                "name one that can, after --figures");
  std::vector<fs::path> files;
  Json order = {{"format", format}, {"config", theme()}, {"figures", Json::array()}};
  paint(order["config"]);
  order["config"]["background"] = "white";
  for (const Figure& figure : figures) {
    if (!figure.image.empty()) continue;
    files.push_back(folder / (file_name(figure.name) + "." + format));
    order["figures"].push_back({{"path", fs::absolute(files.back()).string()}, {"spec", figure.spec}});
  }
  if (!files.empty()) run_python(library.python, order.dump(-1, ' ', false, Json::error_handler_t::replace));
  return files;
}

}  // namespace cambium::page
