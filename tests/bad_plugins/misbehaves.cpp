#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "cambium/plugin.h"

namespace {

using namespace cambium;

/// Trains from scratch until a chosen epoch is over, and then misbehaves in a chosen way.
class Misbehaves : public Strategy {
 public:
  explicit Misbehaves(const Params& params) : how_(params.string("how")), epoch_(params.integer("epoch")) {}

  TransferPlan plan(const NetworkFacts& network) const override { return uniform_plan(network, Weights::Fresh, {}); }

  void epoch_end(std::int64_t epoch, const std::map<std::string, double>&) override {
    if (epoch != epoch_) return;
    std::printf("about to %s\n", how_.c_str());
    std::fflush(stdout);
    if (how_ == "throw") throw std::runtime_error("this strategy never works");
    if (how_ == "abort") std::abort();
    if (how_ == "exit") std::exit(3);
  }

 private:
  std::string how_;
  std::int64_t epoch_;
};

}  // namespace

CAMBIUM_PLUGIN("misbehaves", "1", registry) {
  registry.add_strategy("misbehaves", "from scratch, until it misbehaves",
                        Schema()
                            .choice("how", "throw", {"throw", "abort", "exit", "nothing"}, "what it does")
                            .integer("epoch", 1, {1, 1000}, "after which epoch"),
                        [](const Params& params) { return std::make_unique<Misbehaves>(params); });
  registry.add_strategy("factory_throws", "cannot be made", Schema(),
                        [](const Params&) -> std::unique_ptr<Strategy> { throw std::runtime_error("out of luck"); });
}
