#pragma once

#include <cstddef>
#include <string>

#include "store/table.h"

namespace cambium {

/// How rows are printed.
enum class Format { Table, Csv, Json };

/// Aligned columns for people: numbers to the right, with five digits that count and as many decimals throughout a
/// column, NULL as "-". `limit`: the columns of the terminal that one text may take, 0 for all of it.
std::string to_text(const Table& table, std::size_t limit = 0);

/// RFC 4180, but that lines end in LF, for shells; doubles in full. NULL is an empty field, an empty text is "".
std::string to_csv(const Table& table);

/// An array of objects, one a line, doubles in full, NULL as null. Infinities, which JSON lacks, are "inf" and "-inf";
/// a name that comes twice gets a number: {"n": 1, "n_2": 2}.
std::string to_json(const Table& table);

std::string format(const Table& table, Format how, std::size_t limit = 0);

}  // namespace cambium
