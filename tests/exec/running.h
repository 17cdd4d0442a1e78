#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>

#include "cambium/error.h"
#include "exec/coordinator.h"
#include "fake_worker.h"
#include "protocol/settings.h"
#include "store/database.h"

namespace cambium::test {

/// Trains in no time, or does what its strategy is called.
inline const char* const kAnswer = R"py(
SHA256 = '6b51d431df5d7f141cbececcf79edf3dd861c3b4069f0b11661a3eefacbba918'  # of "12"
def answer(request):
    if request['do'] == 'heads':
        with open(__file__ + '.heads', 'a') as file:
            file.write(str(len(request['members'])) + '\n')
        for member in request['members']:
            if (reply := train(member)).get('failure'):
                return reply
            if (how := member['strategy']['plugin']) == 'ends' and not os.path.exists(__file__ + '.calm'):
                os.kill(os.getpid(), signal.SIGSEGV)
        return {'cell': request['members'][0]['cell'], 'state': 'done'}
    return train(request)
def train(job):
    how = 'good' if os.path.exists(__file__ + '.calm') else job['strategy']['plugin']
    seq = 0
    def tell(**event):
        nonlocal seq
        with open(job['events'], 'a') as file:
            file.write(json.dumps(dict(event, seq=seq, time=1)) + '\n')
        seq += 1
    tell(type='started', resumed_epoch=0, trainable=1, total=1, train_images=1, selection='', provenance={})
    if how == 'needs_source' and not job['source']:
        how = 'throws'
    if how == 'dies':
        print('last words', file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGSEGV)
    if how == 'hangs':
        time.sleep(60)
    if how == 'needs_source':
        open(__file__ + '.needed', 'w')
    while how == 'waits' and not os.path.exists(__file__ + '.needed'):
        time.sleep(0.02)
    if how == 'slow':
        time.sleep(0.3)
    if how == 'killed':
        os.kill(os.getpid(), signal.SIGKILL)
    if how == 'fool':
        return 'hello'
    if how == 'fool_in_json':
        return {'cell': 7}
    if how == 'full':
        return {'failure': {'message': 'no room', 'hint': 'make some', 'part': ''}}
    if how == 'throws':
        tell(type='failed', seconds=1, kind='error', message='no luck', hint='')
        return {'cell': job['cell'], 'state': 'failed'}
    if how != 'liar':
        path = job['weights_stem'] + '.last.safetensors'
        open(path, 'w').write('12')
        tell(type='epoch', epoch=1, seconds=1, metrics={'train_loss': 0.5})
        tell(type='finished', seconds=1, metrics={'test_accuracy': 0.5},
             weights=[{'kind': 'last', 'path': path, 'sha256': SHA256, 'bytes': 2}])
    return {'cell': job['cell'], 'state': 'done'}
)py";

class Running : public ::testing::Test {
 protected:
  Running() { ::setenv("XDG_CACHE_HOME", (folder_.path() / "cache").c_str(), 1); }
  ~Running() override { ::unsetenv("XDG_CACHE_HOME"); }
  /// A cell whose worker does what `how` says; it starts from cell number `source`, or -1.
  Cell& cell(const std::string& how, int source = -1) {
    const auto part = [](const std::string& plugin) {
      auto made = std::make_shared<Part>();
      made->component.plugin = plugin;
      made->library = "library of " + plugin;
      made->json = "{}";
      return made;
    };
    Cell cell;
    cell.identity = fmt::format("{:016x}{:048}", plan_.cells.size() + 1, 0);
    cell.group = cell.identity;
    cell.backbone = part("net");
    cell.data = part("toy");
    cell.strategy = part(how);
    cell.train = part("");
    cell.network = std::make_shared<NetworkInfo>();
    cell.dataset = std::make_shared<DatasetFacts>();
    cell.source = source;
    cell.source_weights = "last";
    plan_.entries.push_back({0, plan_.cells.size(), how, how, "{}", "{}", "{}"});
    cell.data = with_settings(*cell.data, data_schema());
    cell.train = with_settings(*cell.train, train_schema());
    plan_.cells.push_back(cell);
    return plan_.cells.back();
  }
  /// One that trains a linear head on a frozen layer, and goes with others of its kind.
  void head(const std::string& how, int source = -1) {
    NetworkInfo network;
    network.layers = {{"conv1", {4}, 10, 1000}};
    network.linear_head = true;
    network.plan.weights = {Weights::Source};
    network.plan.phases = {{0, {LayerPlan{Trainable::None}}, {}}};
    cell(how, source).network = std::make_shared<NetworkInfo>(network);
  }
  static std::shared_ptr<const Part> with_settings(Part part, const Schema& schema) {
    part.settings = typed(Params(), schema);
    return std::make_shared<Part>(part);
  }
  /// How many members each job of several had.
  std::vector<int> batches() const {
    std::ifstream file(worker_.folder() / "worker.heads");
    std::vector<int> sizes;
    for (int size; file >> size;) sizes.push_back(size);
    return sizes;
  }
  void calm() const { std::ofstream(worker_.folder() / "worker.calm"); }
  RunOutcome run(bool retry_failed = false) {
    struct : RunObserver {
      void silent(const Cell&, const std::string& what) override { notices->push_back(what); }
      void notice(const std::string& what) override { notices->push_back(what); }
      std::vector<std::string>* notices = nullptr;
    } observer;
    observer.notices = &notices_;
    RunOptions options = options_;
    options.passes.workers = workers_;
    options.retry_failed = retry_failed;
    options.data_root = folder_.path();
    return run_plan(plan_, store_, options, observer);
  }
  std::vector<std::string> states() const {
    std::vector<std::string> result;
    for (const auto& row : store_.query("SELECT state FROM cells ORDER BY position").rows)
      result.push_back(std::get<std::string>(row[0]));
    return result;
  }
  std::string text(const std::string& sql) const {
    const Table table = store_.query(sql);
    const auto* text = table.rows.empty() ? nullptr : std::get_if<std::string>(&table.rows[0][0]);
    return text ? *text : "";
  }

  TemporaryFolder folder_;
  FakeWorker worker_{kAnswer};
  Store store_{folder_.path() / "x.db", Store::Mode::Write};
  Plan plan_{"s", "s.toml", "", {"one"}, {}, {}, 0, {}, {}, "", {}};
  RunOptions options_;
  std::vector<std::string> notices_;
  int workers_ = 1;
};

}  // namespace cambium::test
