#pragma once

namespace cambium {

class Database;

/// All of the writes up to commit(), or none: rolls back in its destructor. Inside another transaction it is a
/// savepoint.
class Transaction {
 public:
  explicit Transaction(Database& database);
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
