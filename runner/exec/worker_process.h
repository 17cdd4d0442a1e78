#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cambium {

/// How a worker ended.
struct WorkerEnd {
  int signal = 0;     ///< that ended it, if one did
  std::string words;  ///< "killed by signal 11 (Segmentation fault)", "ended with exit status 3"
};

/// A running cambium-worker. It has a process group of its own, so that the terminal's Ctrl-C does not reach it, and
/// dies with the coordinator. What it and its plugins print goes to the end of a log file.
class WorkerProcess {
 public:
  struct Options {
    std::vector<std::filesystem::path> plugin_folders;
    int threads = 1;
    std::filesystem::path log;
    double checkpoint_seconds = 0;  ///< between a run's checkpoints, at least
  };

  /// Throws Error{System} where it cannot be started.
  explicit WorkerProcess(Options options);
  ~WorkerProcess();  ///< kills it if it still runs
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  /// Sends a line; one that cannot be sent is told by ended() later.
  void send(const std::string& line);
  /// To poll for reading.
  int descriptor() const { return socket_; }
  /// Takes in what is there and gives the first whole line, if there is one. Does not wait.
  std::optional<std::string> receive();
  bool ended() const { return ended_; }

  /// Sends a line and waits for the answer. Throws Error{System} with the last lines it printed if it dies over it.
  std::string ask(const std::string& line);

  pid_t process() const { return process_; }
  /// Asks it to end, which it does after writing what it must not lose; and waits for that until `end`, at most.
  void terminate();
  void wait_until(std::chrono::steady_clock::time_point end);
  void kill();
  /// For Ctrl-Z: halts it with all that it started; and lets them go on.
  void halt();
  void go_on();
  /// Waits for its end.
  WorkerEnd reap();

  /// Where the log ends now; and the last lines printed since.
  std::uintmax_t log_position() const;
  std::string printed_since(std::uintmax_t position) const;

  /// The program: CAMBIUM_WORKER if set, else cambium-worker beside the running program.
  static std::filesystem::path program();

 private:
  Options options_;
  pid_t process_ = -1;
  int socket_ = -1;
  bool ended_ = false;
  std::string buffer_;
};

}  // namespace cambium
