#include "store/statement.h"

#include <sqlite3.h>

#include <cmath>
#include <type_traits>

#include "store/database.h"

namespace cambium {

Statement::Statement(const Database& database, std::string_view sql, std::string_view* rest) : database_(database) {
  const char* tail = nullptr;
  check(sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                           &handle_, &tail));
  if (rest != nullptr) *rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
}

Statement::~Statement() { sqlite3_finalize(handle_); }

void Statement::check(int code) const {
  if (code != SQLITE_OK) throw database_.error();
}

bool Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  const Error error = database_.error();
  reset();
  throw error;
}

void Statement::reset() { sqlite3_reset(handle_); }

bool Statement::is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }
std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }
double Statement::real(int column) const { return sqlite3_column_double(handle_, column); }

std::string Statement::text(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  return bytes == nullptr ? std::string()
                          : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column)));
}

Field Statement::field(int column) const {
  switch (sqlite3_column_type(handle_, column)) {
    case SQLITE_NULL:
      return std::monostate();
    case SQLITE_INTEGER:
      return integer(column);
    case SQLITE_FLOAT:
      return real(column);
    default:
      return text(column);
  }
}

int Statement::columns() const { return sqlite3_column_count(handle_); }
std::string Statement::column_name(int column) const { return sqlite3_column_name(handle_, column); }
int Statement::parameters() const { return sqlite3_bind_parameter_count(handle_); }
bool Statement::is_read_only() const { return sqlite3_stmt_readonly(handle_) != 0; }

void Statement::put(int index, std::int64_t value) { check(sqlite3_bind_int64(handle_, index, value)); }
void Statement::put(int index, std::nullptr_t) { check(sqlite3_bind_null(handle_, index)); }

void Statement::put(int index, double value) {
  check(std::isnan(value) ? sqlite3_bind_null(handle_, index) : sqlite3_bind_double(handle_, index, value));
}

void Statement::put(int index, std::string_view value) {
  check(sqlite3_bind_text64(handle_, index, value.empty() ? "" : value.data(), value.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8));
}

void Statement::put_field(int index, const Field& value) {
  std::visit(
      [&](const auto& held) {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>) {
          put(index, nullptr);
        } else if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::string>) {
          put(index, std::string_view(held));
        } else {
          put(index, held);
        }
      },
      value);
}

}  // namespace cambium
