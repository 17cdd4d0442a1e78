#pragma once

namespace cambium {

class Database;

/// Store::recover(), at `time`.
void recover(Database& database, double time);

}  // namespace cambium
