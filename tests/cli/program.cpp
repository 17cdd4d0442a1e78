#include "program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

extern char** environ;

namespace cambium::test {
namespace {

namespace fs = std::filesystem;

/// Answers about plugins, kept over all tests: only the first starts a worker for them.
const fs::path& cache() {
  static const TemporaryFolder folder;
  return folder.path();
}

/// This process's environment without what would change how the program behaves, and `more`.
std::vector<std::string> make_environment(const std::map<std::string, std::string>& more) {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('='));
    if (name.rfind("CAMBIUM_", 0) != 0 && name != "NO_COLOR") all[name] = text.substr(name.size() + 1);
  }
  all["XDG_CACHE_HOME"] = cache().string();
  all["CAMBIUM_DATA"] = (cache() / "data").string();  // one for all, since answers are kept by it
  all["CAMBIUM_PLUGINS"] = CAMBIUM_BUILD_DIR "/tests/troubled";
  for (const auto& [name, text] : more) all[name] = text;
  std::vector<std::string> result;
  for (const auto& [name, text] : all)
    if (!text.empty()) result.push_back(name + "=" + text);
  return result;
}

}  // namespace

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool wait_until(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

Running::Running(Running&& other) noexcept
    : process_(other.process_), out_(std::move(other.out_)), err_(std::move(other.err_)) {
  other.process_ = -1;
}

Running::~Running() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

std::vector<pid_t> Running::workers() const {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string stat = read(entry.path() / "stat");
    const auto name_end = stat.rfind(')');
    if (name_end == std::string::npos) continue;
    char state = 0;
    pid_t parent = 0;
    std::istringstream(stat.substr(name_end + 1)) >> state >> parent;
    if (parent == process_ && state != 'Z') found.push_back(std::stoi(name));
  }
  return found;
}

Ended Running::wait() {
  int status = 0;
  ::waitpid(process_, &status, 0);
  process_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), read(out_), read(err_)};
}

std::vector<std::string> CliTest::whole_environment() const { return make_environment(environment); }

Running CliTest::start(const std::vector<std::string>& words) {
  const fs::path out = folder() / ("out" + std::to_string(++started_)), err = out.string() + ".err";
  std::vector<std::string> all = {CAMBIUM_BUILD_DIR "/bin/cambium"};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<std::string> settings = whole_environment();
  const std::vector<char*> arguments = pointers(all), variables = pointers(settings);
  const pid_t process = ::fork();
  if (process == 0) {
    ::setpgid(0, 0);
    const rlimit no_core{0, 0};  // crashes are meant, and a core of LibTorch takes seconds to write
    ::setrlimit(RLIMIT_CORE, &no_core);
    const int in = ::open("/dev/null", O_RDONLY);
    const int to = ::open(out.c_str(), O_WRONLY | O_CREAT, 0644),
              errors = ::open(err.c_str(), O_WRONLY | O_CREAT, 0644);
    if (::dup2(in, 0) < 0 || ::dup2(to, 1) < 0 || ::dup2(errors, 2) < 0 || ::chdir(folder().c_str()) != 0) ::_exit(126);
    ::execve(arguments[0], arguments.data(), variables.data());
    ::_exit(127);
  }
  ::setpgid(process, process);  // whichever of the two comes first
  return {process, out, err};
}

Json CliTest::rows(const std::string& sql) {
  const Ended ended = run({"query", sql, "--format", "json"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  return Json::parse(ended.out, nullptr, false);
}

Json CliTest::value(const std::string& sql) {
  const Json table = rows(sql);
  if (table.is_array() && table.size() == 1 && table[0].size() == 1) return *table[0].begin();
  ADD_FAILURE() << sql << " gives " << table;
  return {};
}

int CliTest::events_with(const std::string& text) const {
  int count = 0;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder() / "results" / "cambium.files" / "events", none)) {
    std::istringstream lines(read(entry.path()));
    for (std::string line; std::getline(lines, line);) count += line.find(text) != std::string::npos;
  }
  return count;
}

}  // namespace cambium::test
