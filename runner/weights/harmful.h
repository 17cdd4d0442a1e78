#pragma once

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace cambium {

inline bool is_any(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Whether a pickle that names this wants what only an attack asks for. By exact names: a package of a user's own may
/// be called `code` or `commands`, and its classes stay names in any case.
inline bool harmful(std::string_view module, std::string_view name) {
  const std::string_view top = module.substr(0, module.find('.')), first = name.substr(0, name.find('.'));
  if (is_any(top, {"os", "posix", "nt", "subprocess", "shutil", "socket", "runpy", "pty", "ctypes", "importlib",
                   "popen2", "webbrowser"}))
    return true;
  const auto calls = [&](std::initializer_list<std::string_view> modules,
                         std::initializer_list<std::string_view> functions) {
    return is_any(module, modules) && is_any(first, functions);
  };
  return calls({"builtins", "__builtin__"},
               {"eval", "exec", "compile", "open", "__import__", "execfile", "breakpoint"}) ||
         calls({"commands"}, {"getoutput", "getstatusoutput", "getstatus"}) ||
         calls({"code"}, {"interact", "InteractiveConsole", "InteractiveInterpreter"}) ||
         calls({"pdb", "bdb"}, {"run", "runcall", "runeval", "runctx", "set_trace", "Pdb", "Bdb"}) ||
         calls({"timeit"}, {"timeit", "repeat", "main", "Timer"}) ||
         calls({"requests", "requests.api"}, {"get", "post", "put", "request", "head", "patch", "delete", "Session"}) ||
         calls({"urllib", "urllib2", "urllib.request"}, {"urlopen", "urlretrieve", "Request", "build_opener"}) ||
         calls({"asyncio", "asyncio.subprocess", "asyncio.runners"},
               {"run", "create_subprocess_shell", "create_subprocess_exec"});
}

}  // namespace cambium
