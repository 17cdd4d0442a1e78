#include "store/choices.h"

#include "store/database.h"
#include "store/layout.h"

namespace cambium {
namespace {

// Which arms a stage chooses one from, and by what. Of an arm, `contest` is its axes less those that are chosen over,
// and `common` its factors less them. A value of a measure is a metric too, by the name that the views have for it.
constexpr const char* kChoices = R"sql(
ALTER TABLE arm ADD COLUMN contest TEXT;
ALTER TABLE arm ADD COLUMN common TEXT;
CREATE TABLE choice (
  study INTEGER NOT NULL REFERENCES study,
  stage TEXT NOT NULL,
  metric TEXT NOT NULL REFERENCES metric (name),
  PRIMARY KEY (study, stage)
) WITHOUT ROWID;
INSERT INTO metric (name) VALUES ('test_accuracy') ON CONFLICT DO NOTHING;
)sql";

}  // namespace

void add_choices(Database& database) {
  database.execute(kChoices);
  database.execute("INSERT INTO metric (name) SELECT DISTINCT " + measured_metric() +
                   " FROM measurement JOIN measured_value ON measured_value.measurement = measurement.id "
                   "WHERE measurement.measure NOT LIKE 'confusion%' ON CONFLICT DO NOTHING");
}

}  // namespace cambium
