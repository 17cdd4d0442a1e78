#include "engine/train/blame.h"

#include <new>
#include <stdexcept>
#include <system_error>

#include "cambium/error.h"

namespace cambium {
namespace {

const char* kind_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Usage:
    case ErrorKind::Study:
      return "study";
    case ErrorKind::Data:
      return "data";
    case ErrorKind::Diverged:
      return "diverged";
    default:
      return "plugin";
  }
}

Blame no_memory(const std::string& message) {
  return {"memory", message, "a smaller batch or network, fewer workers, or a machine with more of it"};
}

/// LibTorch throws its own exception where it finds no memory.
bool is_about_memory(const std::string& message) {
  for (const char* words : {"allocate memory", "not enough memory", "out of memory"})
    if (message.find(words) != std::string::npos) return true;
  return false;
}

}  // namespace

Blame blame() {
  try {
    throw;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::System) throw;
    return {kind_of(error.kind()), error.message(), error.hint()};
  } catch (const std::bad_alloc&) {
    return no_memory("there is not enough memory");
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::not_enough_memory) return no_memory(error.what());
    if (error.code() == std::errc::resource_unavailable_try_again || error.code() == std::errc::too_many_files_open ||
        error.code() == std::errc::too_many_files_open_in_system)
      throw Error(ErrorKind::System, error.what(), "see what `ulimit -a` allows, or take fewer workers");
    return {"plugin", error.what(), "a fault of a plugin or of Cambium; the log of the worker may say more"};
  } catch (const std::exception& error) {
    const std::string text = error.what(), line = text.substr(0, text.find('\n'));  // a stack trace follows
    if (is_about_memory(line)) return no_memory(line);
    return {"plugin", line, "a fault of a plugin or of Cambium; the log of the worker may say more"};
  } catch (...) {
    return {"plugin", "a plugin threw something that is no exception", "let it throw cambium::Error"};
  }
}

}  // namespace cambium
