#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/registry.h"

namespace cambium {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::filesystem::path folder(const std::string& name) {
  return std::filesystem::path(CAMBIUM_BUILD_DIR) / "tests" / "bad_plugins" / name;
}

/// The one problem of a folder with one bad plugin.
PluginProblem problem(const std::string& name) {
  const auto problems = PluginRegistry::load({folder(name)}).problems();
  EXPECT_EQ(problems.size(), 1u);
  if (problems.empty()) return {};
  EXPECT_FALSE(problems[0].hint.empty());
  return problems[0];
}

bool has(const PluginRegistry& registry, const std::string& name) {
  for (const PluginInfo& plugin : registry.describe().plugins)
    if (plugin.name == name) return true;
  return false;
}

TEST(Loading, TellsAFileThatIsNoLibrary) {
  const auto told = problem("not_a_library");
  EXPECT_EQ(told.path, (folder("not_a_library") / "not_a_library.so").string());
  EXPECT_THAT(told.message, HasSubstr("cannot be loaded"));
}

TEST(Loading, TellsALibraryWithoutAnEntryPoint) {
  EXPECT_THAT(problem("no_entry_point").message, HasSubstr("no entry point cambium_plugin"));
}

TEST(Loading, TellsAnotherApi) {
  EXPECT_THAT(problem("other_api").message,
              AllOf(HasSubstr("version 3 of the plugin API"), HasSubstr("this is version 2")));
}

TEST(Loading, TellsAnotherAbi) {
  EXPECT_THAT(problem("other_abi").message,
              AllOf(HasSubstr("torch-0.4"), HasSubstr("this is torch-" CAMBIUM_TORCH_VERSION)));
}

TEST(Loading, TellsAShorterHandshake) {
  EXPECT_THAT(problem("small_struct").message, HasSubstr("answers the handshake with 8 bytes"));
}

TEST(Loading, TellsAnUnresolvedSymbolByName) {
  EXPECT_THAT(problem("unresolved_symbol").message, HasSubstr("defined_nowhere"));
}

TEST(Loading, TellsAThrowAndForgetsWhatWasRegisteredBefore) {
  EXPECT_THAT(problem("throws_in_register").message, HasSubstr("no licence found"));
  EXPECT_FALSE(has(PluginRegistry::load({folder("throws_in_register")}), "half_done"));
}

TEST(Loading, ANameOfTwoLibrariesIsNobodys) {
  const auto registry = PluginRegistry::load({folder("duplicate_one"), folder("duplicate_two")});
  ASSERT_EQ(registry.problems().size(), 1u);
  EXPECT_THAT(registry.problems()[0].message, AllOf(HasSubstr("same_name"), HasSubstr("duplicate_one.so")));
  EXPECT_THAT(registry.problems()[0].path, HasSubstr("duplicate_two.so"));
  EXPECT_FALSE(has(registry, "same_name"));
  EXPECT_TRUE(has(registry, "only_one"));
  EXPECT_TRUE(has(registry, "only_two"));
  EXPECT_THROW(registry.make_strategy({"same_name", {}}), Error);
}

TEST(Loading, OneBadPluginTakesNothingElseDown) {
  std::vector<std::filesystem::path> folders;
  for (const char* name : {"not_a_library", "no_entry_point", "other_api", "other_abi", "small_struct",
                           "throws_in_register", "unresolved_symbol", "misbehaves"})
    folders.push_back(folder(name));
  const auto registry = PluginRegistry::load(folders);
  EXPECT_EQ(registry.problems().size(), 7u);
  EXPECT_TRUE(has(registry, "misbehaves"));
}

TEST(Loading, TellsAFolderThatIsNotThere) { EXPECT_THAT(problem("nowhere").message, HasSubstr("cannot be read")); }

TEST(Making, WhatAFactoryThrowsNamesThePlugin) {
  const auto registry = PluginRegistry::load({folder("misbehaves")});
  try {
    registry.make_strategy({"factory_throws", {}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), AllOf(HasSubstr("factory_throws"), HasSubstr("out of luck")));
  }
}

TEST(Making, TellsUnknownPluginsAndParameters) {
  const auto registry = PluginRegistry::load({folder("misbehaves")});
  EXPECT_THROW(registry.make_strategy({"nobody", {}}), Error);
  EXPECT_THROW(registry.make_strategy({"misbehaves", Params({{"hwo", std::string("throw")}})}), Error);
  EXPECT_NO_THROW(registry.make_strategy({"misbehaves", {}}));
}

}  // namespace
}  // namespace cambium
