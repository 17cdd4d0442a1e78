#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/temporary_folder.h"

namespace cambium::test {

using Json = nlohmann::json;

/// How a program ended: its exit status, or minus the signal that ended it; and what it printed.
struct Ended {
  int status = 0;
  std::string out, err;
};

/// `cambium` as a child process. It leads a process group of its own, as a shell would have it.
class Running {
 public:
  Running(pid_t process, std::filesystem::path out, std::filesystem::path err)
      : process_(process), out_(std::move(out)), err_(std::move(err)) {}
  Running(Running&& other) noexcept;
  ~Running();  ///< kills it if nobody waited for it

  pid_t process() const { return process_; }
  /// Its own children, the workers.
  std::vector<pid_t> workers() const;
  Ended wait();

 private:
  pid_t process_;
  std::filesystem::path out_, err_;
};

/// Runs the program in a fresh folder, with the test plugins (tests/cli/troubled) beside the built-in ones and a cache
/// that all tests share.
class CliTest : public ::testing::Test {
 protected:
  const std::filesystem::path& folder() const { return folder_.path(); }
  std::filesystem::path write(const std::string& name, const std::string& text) { return folder_.write(name, text); }

  Running start(const std::vector<std::string>& words);
  Ended run(const std::vector<std::string>& words) { return start(words).wait(); }
  /// What a query gives, as an array of objects.
  Json rows(const std::string& sql);
  /// The one value that a query gives.
  Json value(const std::string& sql);

  /// How many lines the event files hold that have `text`; for waiting until a run is under way.
  int events_with(const std::string& text) const;

  /// What the program is started with, each as NAME=TEXT.
  std::vector<std::string> whole_environment() const;

  /// Beside those of the tests; an empty text takes one away.
  std::map<std::string, std::string> environment;

 private:
  TemporaryFolder folder_;
  int started_ = 0;
};

std::string read(const std::filesystem::path& file);

/// As execve() takes them.
std::vector<char*> pointers(std::vector<std::string>& words);

/// Waits until `holds`, and not for ever. False if it never did.
bool wait_until(const std::function<bool()>& holds);

}  // namespace cambium::test
