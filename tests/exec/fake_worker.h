#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "support/temporary_folder.h"

namespace cambium::test {

/// Lets CAMBIUM_WORKER name a Python program for as long as it lives. `answer(request)` gives what is sent back, as a
/// value for JSON or as a text to be sent as it is.
class FakeWorker {
 public:
  explicit FakeWorker(const std::string& answer) {
    const auto path =
        folder_.write("worker",
                      "#!/usr/bin/env -S python3 -IS\n"
                      "import json, os, signal, sys, time\n"
                      "open(__file__ + '.starts', 'a').write('x')\n" +
                          answer +
                          "\nfor line in sys.stdin:\n"
                          "    request = json.loads(line)\n"
                          "    reply = {'hello': 1} if request == {'do': 'hello'} else answer(request)\n"
                          "    print(reply if isinstance(reply, str) else json.dumps(reply), flush=True)\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    ::setenv("CAMBIUM_WORKER", path.c_str(), 1);
  }
  ~FakeWorker() { ::unsetenv("CAMBIUM_WORKER"); }

  /// How often it was started.
  int starts() const {
    std::error_code none;
    const auto size = std::filesystem::file_size(folder_.path() / "worker.starts", none);
    return none ? 0 : int(size);
  }
  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

}  // namespace cambium::test
