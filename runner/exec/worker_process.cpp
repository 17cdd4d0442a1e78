#include "exec/worker_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "cambium/error.h"
#include "exec/signals.h"
#include "protocol/places.h"

namespace cambium {
namespace {

constexpr int kLastLines = 20;

[[noreturn]] void fail(const std::string& what, const std::string& hint) { throw Error(ErrorKind::System, what, hint); }

/// What the child does between fork and exec. `failure`: where it tells why it could not.
[[noreturn]] void become_worker(pid_t parent, int socket, int log, int failure, const std::vector<char*>& arguments) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // it died before the line above
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::dup2(socket, STDIN_FILENO);
  ::dup2(socket, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execv(arguments.front(), arguments.data());
  const int cause = errno;
  [[maybe_unused]] const auto told = ::write(failure, &cause, sizeof cause);
  ::_exit(127);
}

}  // namespace

std::filesystem::path WorkerProcess::program() {
  if (const char* given = std::getenv("CAMBIUM_WORKER"); given && *given) return given;
  return program_folder() / "cambium-worker";
}

WorkerProcess::WorkerProcess(Options options) : options_(std::move(options)) {
  const int log = ::open(options_.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log < 0)
    fail(fmt::format("{}: cannot be written to: {}", options_.log.string(), std::strerror(errno)),
         "check the results folder, or choose another with --db");
  int sockets[2], failure[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0 || ::pipe2(failure, O_CLOEXEC) != 0)
    fail(fmt::format("cannot make a channel to a worker: {}", std::strerror(errno)),
         "close other programs and run again");

  std::vector<std::string> words = {program().string()};
  for (const auto& folder : options_.plugin_folders) {
    words.push_back("--plugins");
    words.push_back(std::filesystem::absolute(folder).string());
  }
  if (options_.checkpoint_seconds > 0) {
    words.push_back("--checkpoint");
    words.push_back(fmt::format("{}", options_.checkpoint_seconds));
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::string threads = std::to_string(options_.threads);
  for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"})
    ::setenv(name, threads.c_str(), 1);

  const pid_t parent = ::getpid();
  process_ = ::fork();
  if (process_ == 0) become_worker(parent, sockets[1], log, failure[1], arguments);
  const int cause = errno;
  ::close(sockets[1]);
  ::close(failure[1]);
  ::close(log);
  socket_ = sockets[0];
  int reason = process_ < 0 ? cause : 0;
  if (process_ > 0 && ::read(failure[0], &reason, sizeof reason) < 0) reason = 0;
  ::close(failure[0]);
  if (reason == 0) return;
  if (process_ > 0) ::waitpid(process_, nullptr, 0);
  process_ = -1;
  ::close(socket_);
  fail(fmt::format("cannot start {}: {}", words.front(), std::strerror(reason)),
       "it belongs beside cambium: build or install both");
}

WorkerProcess::~WorkerProcess() {
  kill();
  if (process_ > 0) ::waitpid(process_, nullptr, 0);
  ::close(socket_);
}

void WorkerProcess::send(const std::string& line) {
  const std::string text = line + "\n";
  for (std::size_t done = 0; done < text.size();) {
    const auto count = ::send(socket_, text.data() + done, text.size() - done, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;  // it is gone; reading tells
    done += std::size_t(count);
  }
}

std::optional<std::string> WorkerProcess::receive() {
  char chunk[65536];
  while (!ended_) {
    const auto count = ::recv(socket_, chunk, sizeof chunk, MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (count <= 0)
      ended_ = true;
    else
      buffer_.append(chunk, std::size_t(count));
  }
  const auto end = buffer_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return line;
}

std::string WorkerProcess::ask(const std::string& line) {
  const auto before = log_position();
  StopSignals signals(StopSignals::Kinds::CtrlZ);
  send(line);
  for (;;) {
    if (auto answer = receive()) return *answer;
    if (ended_) break;
    pollfd waiting[] = {{socket_, POLLIN, 0}, {signals.descriptor(), POLLIN, 0}};
    ::poll(waiting, 2, -1);
    if (!signals.suspended()) continue;
    halt();
    suspend();
    go_on();
  }
  const WorkerEnd end = reap();
  const std::string printed = printed_since(before);
  fail(fmt::format("the worker {}{}", end.words, printed.empty() ? "" : "; it printed last:\n" + printed),
       "mend what it says, or take the plugin away that brings it down");
}

void WorkerProcess::terminate() {
  if (process_ > 0) ::kill(-process_, SIGTERM);
}

void WorkerProcess::wait_until(std::chrono::steady_clock::time_point end) {
  for (;;) {
    receive();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (ended_ || left.count() <= 0) return;
    pollfd waiting{socket_, POLLIN, 0};
    ::poll(&waiting, 1, int(left.count()));
  }
}

void WorkerProcess::kill() {
  if (process_ > 0) ::kill(-process_, SIGKILL);
}

void WorkerProcess::halt() {
  if (process_ > 0) ::kill(-process_, SIGSTOP);
}

void WorkerProcess::go_on() {
  if (process_ > 0) ::kill(-process_, SIGCONT);
}

WorkerEnd WorkerProcess::reap() {
  int status = 0;
  while (process_ > 0 && ::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return {signal, fmt::format("was killed by signal {} ({})", signal, ::strsignal(signal))};
  }
  return {0, fmt::format("ended with exit status {}", WEXITSTATUS(status))};
}

std::uintmax_t WorkerProcess::log_position() const {
  std::error_code none;
  const auto size = std::filesystem::file_size(options_.log, none);
  return none ? 0 : size;
}

std::string WorkerProcess::printed_since(std::uintmax_t position) const {
  std::ifstream file(options_.log, std::ios::binary);
  constexpr std::uintmax_t kMost = 16384;
  const auto size = log_position();
  file.seekg(std::streamoff(std::max(position, size > kMost ? size - kMost : 0)));
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  const std::size_t from = lines.size() > kLastLines ? lines.size() - kLastLines : 0;
  return fmt::format("{}", fmt::join(lines.begin() + std::ptrdiff_t(from), lines.end(), "\n"));
}

}  // namespace cambium
