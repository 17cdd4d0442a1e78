#include "page/page.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <cstdlib>

#include "page/support.h"

namespace cambium::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using Page = PageTest;

constexpr const char* kProgram = CAMBIUM_BUILD_DIR "/bin/cambium";

int shell(const std::string& command) {
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string page_of(const Store& store, const std::string& study, const page::Library& library = {}) {
  const page::Facts facts = page::facts_of(store, study, "", "", "");
  return study_page(facts, {}, store.study(study)->text, figures_of(facts, {}), library);
}

TEST_F(Page, HasTheQuestionTheVerdictTheArmsAndATableForEachFigure) {
  Store store(db(), Store::Mode::Write);
  fill(store);
  const std::string html = page_of(store, "layers");
  EXPECT_THAT(html, HasSubstr("<h1>layers</h1>"));
  EXPECT_THAT(html, HasSubstr("<p>How transferable?\n</p>\n<p>Data: none.\n</p>"));
  EXPECT_THAT(html, HasSubstr("<strong>What it shows:</strong> 6 arms compared with base"));
  EXPECT_THAT(html, HasSubstr("<td>transfer</td><td>AnB, cut=1</td><td class=n>82.95</td>"));
  EXPECT_THAT(html, HasSubstr("p (Holm)"));
  EXPECT_THAT(html, HasSubstr("scripts/fetch_figures brings Vega-Lite"));
  EXPECT_THAT(html, Not(HasSubstr("http://")));
  EXPECT_THAT(html, Not(HasSubstr("src=\"http")));
  std::size_t figures = 0, tables = 0;
  for (std::size_t at = 0; (at = html.find("<figure ", at)) != std::string::npos; ++at) ++figures;
  for (std::size_t at = 0; (at = html.find("<summary>Table</summary>", at)) != std::string::npos; ++at) ++tables;
  EXPECT_EQ(figures, 6u);
  EXPECT_EQ(tables, figures);
}

TEST_F(Page, CellsNameOnlyWhatDiffers) {
  Store store(db(), Store::Mode::Write);
  fill(store);
  const page::Json cells = cells_json(page::facts_of(store, "layers", "", "", ""));
  EXPECT_EQ(cells["common"], page::Json({{"train.lr", 0.1}}));
  EXPECT_THAT(cells["columns"].get<std::vector<std::string>>(), ::testing::Contains("train.width"));
  EXPECT_THAT(cells["columns"].get<std::vector<std::string>>(), Not(::testing::Contains("train.lr")));
  EXPECT_EQ(cells["rows"].size(), 14u);
  EXPECT_EQ(cells["curves"]["000000010000"]["train_loss"][3], page::Json({4, 0.5}));
}

TEST_F(Page, OfNamesThatAreMarkupShowsThem) {
  Store store(db(), Store::Mode::Write);
  fill(store, "</script><img src=x onerror=alert(1)>", "</td><script>alert(2)</script>");
  const std::string html = page_of(store, "</script><img src=x onerror=alert(1)>");
  EXPECT_THAT(html, HasSubstr("<h1>&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;</h1>"));
  EXPECT_THAT(html, Not(HasSubstr("<img src=x")));
  EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
}

TEST_F(Page, SaysSoWhereNothingIsDone) {
  Store store(db(), Store::Mode::Write);
  StudyRecord record{"empty", "e.toml", "", {}, {}};
  add(record, 1, 0, "train", "net", "{}", "net");
  store.put_study(record);
  EXPECT_THAT(page_of(store, "empty"), HasSubstr("No cell of stage train has a result yet"));
}

/// Through the program, as people have it.
class ReportVerb : public PageTest {
 protected:
  ReportVerb() {
    Store store(db(), Store::Mode::Write);
    fill(store);
  }
  /// Its exit status; what it says goes to out.txt.
  int report(const std::string& words) const {
    return shell(fmt::format("cd '{}' && '{}' report {} --db x.db > out.txt 2>&1", folder.string(), kProgram, words));
  }
  std::string said() const { return read(folder / "out.txt"); }
  bool has_library() const { return std::filesystem::exists(CAMBIUM_BUILD_DIR "/share/cambium/vega.js"); }
};

TEST_F(ReportVerb, WritesOneFileNamedAfterTheStudy) {
  ASSERT_EQ(report("layers"), 0) << said();
  EXPECT_THAT(said(), HasSubstr("layers.html: 6 figures and 14 cells"));
  EXPECT_THAT(read(folder / "layers.html"), HasSubstr("</html>"));
}

TEST_F(ReportVerb, OfAStudysFileTakesWhatItSaysNow) {
  write(folder / "s.toml",
        "[study]\nname = \"layers\"\n[report]\ntitle = \"Cuts\"\nfigures = [\"cost\"]\n[stage.a]\nbackbone = "
        "\"lenet5\"\n");
  ASSERT_EQ(report("s.toml -o cuts.html"), 0) << said();
  EXPECT_THAT(said(), HasSubstr("cuts.html: 1 figure and"));
  EXPECT_THAT(read(folder / "cuts.html"), HasSubstr("<h1>Cuts</h1>"));
}

TEST_F(ReportVerb, RefusesWhatCannotBeAndLeavesNothing) {
  EXPECT_EQ(report("layer"), 2);
  EXPECT_THAT(said(), HasSubstr("did you mean \"layers\"?"));
  EXPECT_EQ(report("layers -o nowhere/x.html"), 2);
  EXPECT_THAT(said(), HasSubstr("there is no folder nowhere"));
  EXPECT_EQ(report("layers -o ."), 2);
  EXPECT_THAT(said(), HasSubstr("is a folder"));
  EXPECT_EQ(report("layers --spec cots"), 2);
  EXPECT_THAT(said(), HasSubstr("did you mean \"cost\"?"));
  EXPECT_EQ(report("layers --figures f --format jpg"), 2);
  EXPECT_EQ(report("layers --baseline bse"), 2);
  EXPECT_FALSE(std::filesystem::exists(folder / "layers.html"));
}

TEST_F(ReportVerb, OnAFullDiskKeepsTheOldFileWhole) {
  write(folder / "layers.html", "the old one");
  const std::string command =
      fmt::format("cd '{}' && ulimit -f 4 && '{}' report layers --db x.db > /dev/null 2>&1", folder.string(), kProgram);
  EXPECT_EQ(shell("bash -c \"" + command + "\""), 1);
  EXPECT_EQ(read(folder / "layers.html"), "the old one");
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("part")));
  EXPECT_EQ(report("layers -o /dev/full"), 1);
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST_F(ReportVerb, ShowsASpecification) {
  ASSERT_EQ(report("layers --spec factors-strategy.cut"), 0) << said();
  const auto spec = page::Json::parse(said());
  EXPECT_THAT(spec["$schema"].get<std::string>(), HasSubstr("vega-lite/v6"));
  EXPECT_EQ(spec["datasets"]["points"].size(), 6u);
}

TEST_F(ReportVerb, DrawsFiles) {
  if (!has_library()) GTEST_SKIP() << "scripts/fetch_figures was not run in this build";
  for (const char* format : {"svg", "png", "pdf"}) {
    ASSERT_EQ(report(fmt::format("layers --figures f --format {}", format)), 0) << said();
    const std::string drawn = read(folder / "f" / (std::string("differences.") + format));
    EXPECT_EQ(drawn.substr(0, 4), format == std::string("svg")   ? "<svg"
                                  : format == std::string("png") ? "\x89PNG"
                                                                 : "%PDF");
  }
}

TEST_F(ReportVerb, WithoutTheLibrarySaysWhatBringsIt) {
  std::filesystem::create_directories(folder / "bin");
  std::filesystem::copy_file(kProgram, folder / "bin/cambium");
  const auto run = [&](const std::string& words) {
    return shell(
        fmt::format("cd '{}' && bin/cambium report layers --db x.db {} > out.txt 2>&1", folder.string(), words));
  };
  EXPECT_EQ(run(""), 0);
  EXPECT_THAT(said(), HasSubstr("note: it tells figures by their tables alone: scripts/fetch_figures"));
  EXPECT_EQ(run("--figures f"), 2);
  EXPECT_THAT(said(), HasSubstr("scripts/fetch_figures"));
}

TEST_F(ReportVerb, InABrowserDrawsEveryFigureAndShowsNamesThatAreMarkup) {
  if (!has_library()) GTEST_SKIP() << "scripts/fetch_figures was not run in this build";
  if (shell("command -v chromium > /dev/null") != 0) GTEST_SKIP() << "chromium is not installed";
  {
    Store store(folder / "y.db", Store::Mode::Write);
    fill(store, "</script>", "</script><b>AnB");
  }
  ASSERT_EQ(shell(fmt::format("cd '{}' && '{}' report '</script>' --db y.db -o y.html 2> out.txt", folder.string(),
                              kProgram)),
            0)
      << said();
  const std::string browser = fmt::format(
      "cd '{0}' && HOME='{0}' timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage "
      "--virtual-time-budget=20000 --window-size=1100,4000 ",
      folder.string());
  ASSERT_EQ(shell(browser + "--dump-dom y.html > dom.txt 2> err.txt"), 0) << read(folder / "err.txt");
  const std::string dom = read(folder / "dom.txt");
  EXPECT_THAT(dom, HasSubstr("data-drawn=\"yes\"")) << "the page's script came to its end";
  EXPECT_THAT(dom, Not(HasSubstr("could not be drawn</div>")));
  EXPECT_THAT(dom, HasSubstr("<h1>&lt;/script&gt;</h1>"));
  EXPECT_THAT(dom, HasSubstr("14 of 14 cells"));
  std::size_t drawn = 0;
  for (std::size_t at = 0; (at = dom.find("class=\"marks\" width=", at)) != std::string::npos; ++at) ++drawn;
  EXPECT_EQ(drawn, 6u);
  ASSERT_EQ(shell(browser + "--screenshot=shot.png y.html 2> err.txt"), 0) << read(folder / "err.txt");
  EXPECT_GT(std::filesystem::file_size(folder / "shot.png"), 50000u) << "an empty page compresses to less";
}

}  // namespace
}  // namespace cambium::test
