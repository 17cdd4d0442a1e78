#include "store/transaction.h"

#include "store/database.h"

namespace cambium {

Transaction::Transaction(Database& database, Kind kind) : database_(database), nested_(database.in_transaction()) {
  database_.prepared(nested_ ? "SAVEPOINT nested" : kind == Kind::Write ? "BEGIN IMMEDIATE" : "BEGIN").run();
}

void Transaction::commit() {
  database_.prepared(nested_ ? "RELEASE nested" : "COMMIT").run();
  open_ = false;
}

Transaction::~Transaction() {
  // A full disk makes SQLite roll back by itself; then there is nothing left to undo.
  if (!open_ || !database_.in_transaction()) return;
  try {
    if (nested_) {
      database_.execute("ROLLBACK TO nested; RELEASE nested");
    } else {
      database_.execute("ROLLBACK");
    }
  } catch (const Error&) {
    // The error that led here is on its way already; closing the file undoes the rest.
  }
}

}  // namespace cambium
