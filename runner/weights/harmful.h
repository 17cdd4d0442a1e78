#pragma once

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace cambium {

inline bool is_any(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Whether a pickle that names this wants what only an attack asks for.
inline bool harmful(std::string_view module, std::string_view name) {
  const std::string_view top = module.substr(0, module.find('.'));
  if (is_any(top, {"os", "posix", "nt", "subprocess", "shutil", "socket", "runpy", "pty", "ctypes", "importlib",
                   "commands", "popen2", "webbrowser", "code", "pdb", "timeit", "requests", "urllib", "asyncio"}))
    return true;
  return is_any(module, {"builtins", "__builtin__"}) &&
         is_any(name.substr(0, name.find('.')),
                {"eval", "exec", "compile", "open", "__import__", "execfile", "breakpoint"});
}

}  // namespace cambium
