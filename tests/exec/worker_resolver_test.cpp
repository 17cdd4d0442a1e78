#include "exec/worker_resolver.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "cambium/error.h"
#include "fake_worker.h"

namespace cambium::test {
namespace {

using ::testing::HasSubstr;

/// Knows one plugin; opens the data set "good", whose file is that of its root, and not "sick".
const char* const kAnswer = R"(
def answer(request):
    if request['do'] == 'describe':
        return {'torch': '9', 'problems': [], 'plugins': [{'kind': 'dataset', 'name': 'toy', 'doc': '', 'version': '1',
                'library': '/x.so', 'sha256': 'ff', 'schema': []}]}
    if request['data']['plugin'] == 'sick':
        return {'failure': {'message': 'cut short', 'hint': 'fetch it again', 'part': 'data'}}
    path = os.path.join(request['data_root'], 'file')
    info = os.stat(path)
    return {'shape': [1, 8, 8], 'classes': ['a', 'b'], 'per_class': {'train': [1, 2]}, 'fingerprint': open(path).read(),
            'files': [{'path': path, 'size': info.st_size, 'mtime_ns': info.st_mtime_ns, 'ctime_ns': info.st_ctime_ns,
                       'inode': info.st_ino}]}
)";

class Answers : public ::testing::Test {
 protected:
  Answers() { ::setenv("XDG_CACHE_HOME", cache().c_str(), 1); }
  ~Answers() override { ::unsetenv("XDG_CACHE_HOME"); }

  std::filesystem::path cache() const { return folder_.path() / "cache"; }
  DatasetFacts dataset(const std::string& plugin = "good") {
    return WorkerResolver({plugins_.path()}).datasets({{{plugin, {}}, folder_.path().string()}}).at(0);
  }
  std::string describe() {
    WorkerResolver resolver({plugins_.path()});
    return resolver.describe().plugins.at(0).name;
  }

  TemporaryFolder folder_, plugins_;
  FakeWorker worker_{kAnswer};
};

TEST_F(Answers, AreKeptSoThatNoWorkerIsStartedForThemAgain) {
  EXPECT_EQ(describe(), "toy");
  EXPECT_EQ(worker_.starts(), 1);
  EXPECT_EQ(describe(), "toy");
  EXPECT_EQ(worker_.starts(), 1);
}

TEST_F(Answers, AreForgottenWhenAPluginComesOrChanges) {
  describe();
  const auto library = plugins_.write("x.so", "one");
  describe();
  EXPECT_EQ(worker_.starts(), 2);
  plugins_.write("x.so", "other");
  describe();
  EXPECT_EQ(worker_.starts(), 3);
  describe();
  EXPECT_EQ(worker_.starts(), 3);
}

TEST_F(Answers, AboutDataAreForgottenWhenItsFilesChange) {
  const auto file = folder_.write("file", "first");
  EXPECT_EQ(dataset().fingerprint, "first");
  EXPECT_EQ(dataset().fingerprint, "first");
  EXPECT_EQ(worker_.starts(), 1);
  folder_.write("file", "second one");
  EXPECT_EQ(dataset().fingerprint, "second one");
  const timespec later[2] = {{0, 0}, {2000000000, 0}};
  std::ofstream(file) << "third  one";  // as long as the second
  ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), later, 0), 0);
  EXPECT_EQ(dataset().fingerprint, "third  one");
}

TEST_F(Answers, AboutDataAreForgottenWhenAnotherFileTakesItsPlace) {
  const auto file = folder_.write("file", "first"), other = folder_.write("other", "other");
  const timespec times[2] = {{0, 0}, {1000000000, 0}};
  for (const auto& path : {file, other}) ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  EXPECT_EQ(dataset().fingerprint, "first");
  std::filesystem::rename(other, file);  // as long, and of the same time
  EXPECT_EQ(dataset().fingerprint, "other");
  std::ofstream(file) << "third";
  ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);  // in place, and the time put back
  EXPECT_EQ(dataset().fingerprint, "third");
}

TEST_F(Answers, AreForgottenWhenAsked) {
  EXPECT_EQ(describe(), "toy");
  forget_answers();
  EXPECT_EQ(describe(), "toy");
  EXPECT_EQ(worker_.starts(), 2);
}

TEST_F(Answers, ThatAreFailuresAreNotKept) {
  for (int i = 1; i <= 2; ++i) {
    const DatasetFacts facts = dataset("sick");
    ASSERT_TRUE(facts.failure);
    EXPECT_EQ(facts.failure->hint, "fetch it again");
    EXPECT_EQ(worker_.starts(), i);
  }
}

TEST_F(Answers, AreAskedForOnceEvenIfWantedTwice) {
  folder_.write("file", "x");
  WorkerResolver resolver({plugins_.path()});
  const DatasetRequest request{{"good", {}}, folder_.path().string()};
  EXPECT_EQ(resolver.datasets({request, request, request}).size(), 3u);
  EXPECT_EQ(worker_.starts(), 1);
}

TEST_F(Answers, ThatWereDamagedAreAskedForAgain) {
  describe();
  for (const auto& entry : std::filesystem::directory_iterator(cache() / "cambium")) std::ofstream(entry.path()) << "{";
  EXPECT_EQ(describe(), "toy");
  EXPECT_EQ(worker_.starts(), 2);
  EXPECT_EQ(describe(), "toy");
  EXPECT_EQ(worker_.starts(), 2);
}

TEST_F(Answers, ComeWithoutACacheToo) {
  folder_.write("cache", "a file in its place");
  EXPECT_EQ(describe(), "toy");
  EXPECT_EQ(describe(), "toy");
  EXPECT_EQ(worker_.starts(), 2);
}

TEST_F(Answers, ThatAreNonsenseAreToldAsSuch) {
  for (const char* reply : {"'hello'", "{}", "{'failure': {'message': 'x'}}"}) {
    const FakeWorker fool(std::string("def answer(request):\n    return ") + reply);
    try {
      describe();
      ADD_FAILURE() << reply << " was taken";
    } catch (const Error& error) {
      EXPECT_THAT(error.message(), HasSubstr("the worker answered what is no"));
      EXPECT_THAT(error.hint(), HasSubstr("of one version"));
    }
  }
}

}  // namespace
}  // namespace cambium::test
