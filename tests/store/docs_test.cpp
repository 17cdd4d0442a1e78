#include <sstream>

#include "support.h"

namespace cambium::test {
namespace {

class Docs : public StoreTest {};

TEST_F(Docs, NameEveryColumnOfEveryView) {
  const Store store(db(), Store::Mode::Write);
  const std::string page = read(std::filesystem::path(CAMBIUM_SOURCE_DIR) / "docs" / "database.md");
  const Table columns = store.query(
      "SELECT s.name, c.name FROM sqlite_schema AS s JOIN pragma_table_info(s.name) AS c WHERE s.type = 'view' AND "
      "s.name NOT LIKE '%\\_%' "
      "ESCAPE '\\'");
  EXPECT_GT(columns.rows.size(), 100U);
  for (const auto& row : columns.rows) {
    const std::string view = std::get<std::string>(row[0]), column = std::get<std::string>(row[1]);
    const std::size_t begin = page.find("### `" + view + "`");
    ASSERT_NE(begin, std::string::npos) << view;
    const std::string section = page.substr(begin, page.find("\n##", begin + 1) - begin);
    EXPECT_NE(section.find("`" + column + "`"), std::string::npos) << view << "." << column;
  }
}

TEST_F(Docs, NameEveryTableAndColumn) {
  const Store store(db(), Store::Mode::Write);
  const std::string page = read(std::filesystem::path(CAMBIUM_SOURCE_DIR) / "docs" / "database.md");
  const Table columns = store.query(
      "SELECT s.name, c.name FROM sqlite_schema AS s JOIN pragma_table_info(s.name) AS c WHERE s.type = 'table' AND "
      "c.name <> 'id'");
  for (const auto& row : columns.rows) {
    const std::string table = std::get<std::string>(row[0]), column = std::get<std::string>(row[1]);
    const std::size_t begin = page.find("\n| `" + table + "` |", page.find("## Tables"));
    ASSERT_NE(begin, std::string::npos) << table;
    const std::string line = page.substr(begin, page.find('\n', begin + 1) - begin);
    EXPECT_NE(line.find("`" + column + "`"), std::string::npos) << table << "." << column;
  }
}

/// The queries of the page between `cambium query "` or read_sql(" and the closing quotes run as they are.
TEST_F(Docs, ShowQueriesThatWork) {
  const Store store(db(), Store::Mode::Write);
  std::istringstream page(read(std::filesystem::path(CAMBIUM_SOURCE_DIR) / "docs" / "database.md"));
  std::string text, line;
  bool code = false;
  int queries = 0;
  const auto run = [&] {
    const std::size_t begin = text.find("SELECT");
    if (begin == std::string::npos) return;
    std::string sql;
    for (std::size_t i = begin; i < text.size() && text[i] != '"'; ++i) {
      if (text[i] == '\\') ++i;  // the shell's \"
      sql += text[i];
    }
    EXPECT_NO_THROW(store.query(sql)) << sql;
    ++queries;
  };
  while (std::getline(page, line)) {
    code = line.rfind("    ", 0) == 0;
    if (code) {
      text += line + "\n";
    } else if (!text.empty()) {
      run();
      text.clear();
    }
  }
  EXPECT_EQ(queries, 5);
}

}  // namespace
}  // namespace cambium::test
