#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

#include "support/temporary_folder.h"

namespace cambium::test {
namespace {

/// Keeps what data sets remember of their files away from the user's own.
class OwnCache : public testing::Environment {
 public:
  void SetUp() override {
    folder_ = std::make_unique<TemporaryFolder>();
    ::setenv("XDG_CACHE_HOME", folder_->path().c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("XDG_CACHE_HOME");
    folder_.reset();
  }

 private:
  std::unique_ptr<TemporaryFolder> folder_;
};

[[maybe_unused]] const testing::Environment* const kOwnCache = testing::AddGlobalTestEnvironment(new OwnCache);

}  // namespace
}  // namespace cambium::test
