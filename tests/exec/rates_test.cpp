#include "exec/rates.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "support/temporary_folder.h"

namespace cambium::test {
namespace {

class RatesTest : public ::testing::Test {
 protected:
  RatesTest() { ::setenv("XDG_CACHE_HOME", folder_.path().c_str(), 1); }
  ~RatesTest() override { ::unsetenv("XDG_CACHE_HOME"); }
  TemporaryFolder folder_;
};

TEST_F(RatesTest, AreRememberedByBackbone) {
  EXPECT_TRUE(read_rates().known.empty());
  remember_rates({}, {{"cnn7", {3e10, 3, 2}}});
  remember_rates(read_rates(), {{"vit", {8e10, 4, 1}}});
  EXPECT_EQ(read_rates().known, (std::map<std::string, double>{{"cnn7", 1e10}, {"vit", 2e10}}));
}

TEST_F(RatesTest, WhatTellsNothingIsNotTaken) {
  remember_rates({}, {{"short", {1e9, 0.1, 1}}, {"many", {1e9, 10, 500}}, {"had_taps", {1e13, 3, 1}}});
  EXPECT_TRUE(read_rates().known.empty());
}

}  // namespace
}  // namespace cambium::test
