#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>

#include "cambium/error.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/studies.h"
#include "cli/verbs.h"
#include "report/watch.h"

namespace cambium {
namespace {

constexpr const char* kFooter = R"(Examples:
  cambium watch                       what goes on, every two seconds; Ctrl-C ends it
  cambium watch quickstart --every 10
  cambium watch --once                once, for scripts and where there is no terminal
It only reads; the run does not notice.)";

struct Options {
  std::string study;
  double every = 2;
  bool once = false;
  std::filesystem::path db = "results/cambium.db";
};

volatile std::sig_atomic_t stopped = 0;

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

/// A screen of its own while it lives: the terminal is then as it was.
class Screen {
 public:
  Screen() {
    struct sigaction action {};
    action.sa_handler = [](int) { stopped = 1; };
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
    action.sa_handler = [](int) {};  // only wakes the wait
    sigaction(SIGWINCH, &action, nullptr);
    print("\x1b[?1049h\x1b[?25l");
  }
  ~Screen() {
    try {
      print("\x1b[?25h\x1b[?1049l");
    } catch (const Error&) {
      return;  // nobody is there to see it
    }
  }

  void show(const std::vector<std::string>& lines) {
    winsize size{};
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    const std::size_t columns = size.ws_col > 0 ? size.ws_col : 80, rows = size.ws_row > 0 ? size.ws_row : 24;
    std::string frame = "\x1b[H";
    const auto shown = fitted(lines, columns, rows);
    for (std::size_t i = 0; i < shown.size(); ++i) frame += (i == 0 ? "" : "\r\n") + shown[i] + "\x1b[K";
    print(frame + "\x1b[J");
  }
};

bool is_terminal() {
  const char* kind = std::getenv("TERM");
  return isatty(STDOUT_FILENO) && (kind == nullptr || std::string_view(kind) != "dumb");
}

int watch(const Options& options) {
  const Store store(options.db, Store::Mode::Read);
  if (!options.study.empty()) require_study(store, options.study);
  if (options.once || !is_terminal()) {
    for (const std::string& line : watch_lines(store, options.study, now())) print(line + "\n");
    return 0;
  }
  Screen screen;
  while (stopped == 0) {
    screen.show(watch_lines(store, options.study, now()));
    if (stopped == 0) poll(nullptr, 0, static_cast<int>(1000 * options.every));
  }
  return 0;
}

}  // namespace

void add_watch(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("watch", "shows how a run goes, anew every two seconds");
  verb->add_option("STUDY", options->study, "a study's name (default: all)");
  verb->add_flag("--once", options->once, "prints it once and ends");
  verb->add_option("--every", options->every, "seconds between two looks (default: 2)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.2, 3600.0).description(""));
  add_db(*verb, options->db);
  verb->footer(kFooter);
  verb->callback([&action, options] { action = [options] { return watch(*options); }; });
}

}  // namespace cambium
