#pragma once

namespace cambium {

class Database;

/// All of the writes up to commit(), or none: rolls back in its destructor. Inside another transaction it is a
/// savepoint. To read, it holds one state of the database for several statements.
class Transaction {
 public:
  enum class Kind { Write, Read };
  explicit Transaction(Database& database, Kind kind = Kind::Write);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit();

 private:
  Database& database_;
  bool nested_;
  bool open_ = true;
};

}  // namespace cambium
