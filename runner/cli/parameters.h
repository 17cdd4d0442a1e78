#pragma once

#include "cambium/schema.h"
#include "store/table.h"

namespace cambium {

/// The columns that tell of parameters: of, name, type, default, range, when, doc; and no rows yet.
Table parameter_rows();

/// Adds a row for each parameter of `schema`, which belongs to `owner`.
void add_parameters(Table& rows, const std::string& owner, const Schema& schema);

/// The same without the column that says whose they are, and without those that are empty throughout.
Table without_owner(const Table& rows);

}  // namespace cambium
