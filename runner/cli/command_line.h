#pragma once

namespace cambium {

/// Reads the command line, runs its verb and returns the exit status. Throws Error{Usage} for what cannot be
/// understood.
int run_command_line(int argc, const char* const* argv);

}  // namespace cambium
