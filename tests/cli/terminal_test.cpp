#include <gmock/gmock.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"

namespace cambium::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

/// Four cells, of which two take their time and two fail.
const char* const kStudy = R"([study]
seeds = [0, 1]
[stage.one]
backbone = { plugin = "mlp", hidden = [8] }
data     = { plugin = "shapes", train_per_class = 2, test_per_class = 1 }
train    = { epochs = 2 }
[stage.one.grid]
strategy = ["slow", { plugin = "troubled", trouble = "throw" }]
)";

class OnATerminal : public CliTest {
 protected:
  /// What `cambium run study.toml` shows on a terminal of 100 columns.
  std::string shown() {
    write("study.toml", kStudy);
    winsize size{};
    size.ws_row = 24;
    size.ws_col = 100;
    int terminal = -1;
    environment["CAMBIUM_TEST_PAUSE"] = "250";
    environment.try_emplace("TERM", "xterm");
    std::vector<std::string> words = {CAMBIUM_BUILD_DIR "/bin/cambium", "run", "study.toml", "--workers", "1"};
    std::vector<std::string> settings = whole_environment();
    const std::vector<char*> arguments = pointers(words), variables = pointers(settings);
    const pid_t process = ::forkpty(&terminal, nullptr, nullptr, &size);
    if (process == 0) {
      if (::chdir(folder().c_str()) == 0) ::execve(arguments[0], arguments.data(), variables.data());
      ::_exit(127);
    }
    std::string text;
    char chunk[4096];
    for (ssize_t count; (count = ::read(terminal, chunk, sizeof chunk)) > 0;) text.append(chunk, std::size_t(count));
    ::close(terminal);
    int status = 0;
    ::waitpid(process, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 1) << text;
    return text;
  }
};

TEST_F(OnATerminal, OneLiveLineTellsRateAndTimeLeftAndFailuresAreRed) {
  EXPECT_THAT(shown(), AllOf(HasSubstr("\r"), ContainsRegex("epoch [0-9]/2"), ContainsRegex("cells/min"),
                             ContainsRegex("[0-9] s left"), HasSubstr("\033[31mfailed\033[0m: no luck today")));
}

TEST_F(OnATerminal, NoColorIsHonoured) {
  environment["NO_COLOR"] = "1";
  EXPECT_THAT(shown(), AllOf(Not(HasSubstr("\033[31m")), HasSubstr("failed: no luck today"), HasSubstr("\r")));
}

TEST_F(OnATerminal, ADumbOneGetsPlainLines) {
  environment["TERM"] = "dumb";
  EXPECT_THAT(shown(), AllOf(Not(HasSubstr("\033")), HasSubstr("[1/4] one, ")));
}

}  // namespace
}  // namespace cambium::test
