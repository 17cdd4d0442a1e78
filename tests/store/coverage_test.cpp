#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <numbers>
#include <random>

#include "store/database.h"
#include "store/transaction.h"
#include "support.h"

namespace cambium::test {
namespace {

/// What a simulated difference is made of, as standard deviations.
struct Mixture {
  const char* name;
  double split;  ///< shared by both halves of a split, and all seeds
  double half;   ///< of a half, shared by its seeds
  double seed;   ///< of a seed within a split, shared by its halves
  double
      network;  ///< of the two networks of a split and seed: each half starts from one, and is held against the other
  double cell;  ///< of a cell alone
};

constexpr std::array kMixtures = {Mixture{"splits differ", 1, 0, 0, 0, 1}, Mixture{"halves differ", 0, 1, 0, 0, 1},
                                  Mixture{"seeds differ", 0, 0, 1, 0, 0.5},
                                  Mixture{"networks are shared", 0, 0, 0, 1, 0.5},
                                  Mixture{"all of it", 0.6, 0.6, 0.4, 0.6, 0.5}};

constexpr int kArms = 800, kSplits = 4, kHalves = 2;
constexpr double kTruth = 0.05, kUnit = 0.02;

/// Hundreds of arms of 4 splits x 2 halves x seeds, whose true difference from the baseline is known.
class Coverage : public StoreTest {
 protected:
  void enter(int seeds) {
    StudyRecord record{"s", "s.toml", "", {}, {}};
    for (int arm = 0; arm <= kArms; ++arm)
      for (int split = 0; split < kSplits; ++split)
        for (int half = 0; half < kHalves; ++half)
          for (int seed = 0; seed < seeds; ++seed) {
            const int number = static_cast<int>(record.cells.size()) + 1;
            const std::string name = arm == 0 ? "base" : fmt::format("arm {}", arm);
            record.cells.push_back(cell(number, seed, name));
            record.entries.push_back(
                {identity(number), "transfer", name, fmt::format(R"({{"x":{}}})", arm), name, "{}",
                 fmt::format(R"({{"data.half":"{}","data.split":{}}})", half == 0 ? "A" : "B", split)});
          }
    Store(db(), Store::Mode::Write).put_study(record);
    database.emplace(db(), Database::Mode::Write);
    Transaction transaction(*database);
    database->execute(
        "INSERT INTO run (id, cell, attempt, state, started) SELECT id, id, 1, 'done', 0 FROM cell;"
        "INSERT INTO summary SELECT id, (SELECT id FROM metric WHERE name = 'test_accuracy'), 1, 1, 0.5, 0.5, 0.5 FROM "
        "cell");
    transaction.commit();
  }

  void draw(const Mixture& mixture, int seeds) {
    Transaction transaction(*database);
    Statement& set = database->prepared("UPDATE summary SET last = ?2 WHERE run = ?1");
    std::int64_t cell = kSplits * kHalves * seeds;  // those of the baseline stay
    for (int arm = 0; arm < kArms; ++arm)
      for (int split = 0; split < kSplits; ++split) {
        const double of_split = mixture.split * normal();
        std::vector<double> of_seed, networks;
        for (int seed = 0; seed < seeds; ++seed) {
          of_seed.push_back(mixture.seed * normal());
          networks.push_back(mixture.network * normal());
          networks.push_back(mixture.network * normal());
        }
        for (int half = 0; half < kHalves; ++half) {
          const double of_half = mixture.half * normal();
          for (int seed = 0; seed < seeds; ++seed) {
            const std::size_t own = static_cast<std::size_t>(2 * seed + half), other = own ^ 1;
            const double value = of_split + of_half + of_seed[static_cast<std::size_t>(seed)] + networks[other] -
                                 0.5 * networks[own] + mixture.cell * normal();
            set.run(++cell, 0.5 + kTruth + kUnit * value);
          }
        }
      }
    transaction.commit();
  }

  /// Of how many intervals of `view`, in percent, the truth is inside.
  double covered(const std::string& from, double truth) const {
    const Store store(db(), Store::Mode::Read);
    const Table table =
        store.query("SELECT count(*), sum(lo95 <= ?1 AND ?1 <= hi95) FROM " + from, std::vector<Field>{truth});
    EXPECT_EQ(table.rows.at(0).at(0), Field(kArms)) << from;
    return 100.0 * static_cast<double>(std::get<std::int64_t>(table.rows[0][1])) / kArms;
  }

  double normal() {
    const double u = (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53,
                 v = static_cast<double>(random() >> 11) * 0x1p-53;
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
  }

  std::mt19937_64 random{2014};
  std::optional<Database> database;
};

TEST_F(Coverage, OfIntervalsIsWhatTheySayWhateverSeedsSplitsAndHalvesDo) {
  for (const int seeds : {1, 3, 5}) {
    enter(seeds);
    for (const Mixture& mixture : kMixtures) {
      draw(mixture, seeds);
      const double differences = covered("paired WHERE study = 's' AND baseline = 'base'", kTruth);
      const std::string where = fmt::format("{}, {} seeds", mixture.name, seeds);
      EXPECT_GE(differences, 93) << where;
      EXPECT_LE(differences, 97) << where;
      if (&mixture == &kMixtures.back()) {
        EXPECT_NEAR(covered("leaderboard WHERE study = 's' AND arm <> 'base'", 0.5 + kTruth), differences, 1e-9)
            << where << ": the baseline is the same in all";
      }
      if (std::getenv("CAMBIUM_TELL") != nullptr) fmt::print("{}: {:.1f} %\n", where, differences);
    }
    database.reset();
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
  }
}

}  // namespace
}  // namespace cambium::test
