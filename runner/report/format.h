#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "report/text.h"
#include "store/table.h"

namespace cambium {

/// How rows are printed.
enum class Format { Table, Csv, Json, Markdown, Latex };

/// "table", "csv", ...; nothing for a name that is none.
std::optional<Format> format_named(const std::string& name);

/// Aligned columns for people: numbers to the right, with five digits that count and as many decimals throughout a
/// column, NULL as "-". `limit`: the columns of the terminal that one text may take, 0 for all of it.
std::string to_text(const Table& table, std::size_t limit = 0);

/// The same as texts, not yet aligned.
struct Printed {
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
};
Printed printed(const Table& table, std::size_t limit = 0);

/// Row and column of what is in bold.
using Bold = std::set<std::pair<std::size_t, std::size_t>>;

/// A table as GitHub's Markdown has it; and one for LaTeX's booktabs. Whatever means something there is escaped.
std::string to_markdown(const Table& table, const Bold& bold = {});
std::string to_latex(const Table& table, const Bold& bold = {});

/// RFC 4180, but that lines end in LF, for shells; doubles in full. NULL is an empty field, an empty text is "".
std::string to_csv(const Table& table);

/// An array of objects, one a line, doubles in full, NULL as null. Infinities, which JSON lacks, are "inf" and "-inf";
/// a name that comes twice gets a number: {"n": 1, "n_2": 2}.
std::string to_json(const Table& table);

std::string format(const Table& table, Format how, std::size_t limit = 0);

}  // namespace cambium
