// cambium, the coordinator: reads studies, plans, hands out jobs, keeps the database, prints.

#include <csignal>

#include "cli/command_line.h"
#include "cli/output.h"

int main(int argc, char** argv) {
  // A reader that went away shows in the write; it must not end a run.
  std::signal(SIGPIPE, SIG_IGN);
  // A file that grows beyond the limit shows in the write, too. The workers take it over.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return cambium::run_command_line(argc, argv);
  } catch (...) {
    return cambium::tell_exception();
  }
}
