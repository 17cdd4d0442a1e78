#include "exec/worker_resolver.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "cambium/cache.h"
#include "cambium/files.h"
#include "exec/worker_process.h"
#include "protocol/places.h"
#include "protocol/stamps.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

std::string stamp(const fs::path& path) {
  const auto now = file_stamp(path);
  if (!now) return path.string() + " absent\n";
  return fmt::format("{} {} {} {} {}\n", path.string(), now->size, now->mtime_ns, now->ctime_ns, now->inode);
}

bool holds(const FileStamp& known) { return file_stamp(known.path) == known; }

/// What went wrong with a request, as its subject is to be told of.
std::string subject(const DatasetRequest& request) { return "data set " + request.data.plugin; }
std::string subject(const NetworkRequest& request) {
  return fmt::format("backbone {} with strategy {}", request.backbone.plugin, request.strategy.plugin);
}
std::string subject(const OverlapRequest& request) {
  return fmt::format("data sets {} and {}", request.a.dataset.data.plugin, request.b.dataset.data.plugin);
}
std::string subject(const WeightsRequest& request) { return request.weights.path; }

}  // namespace

struct WorkerResolver::Data {
  std::vector<fs::path> folders;
  fs::path cache = cache_folder();
  std::string stamps;  ///< of the worker and every plugin file: any change makes every answer unknown
  int log = -1;
  std::unique_ptr<WorkerProcess> worker;
  std::optional<Description> description;

  void take_stamps() {
    stamps = "2\n" + stamp(WorkerProcess::program());
    std::vector<fs::path> all = folders;
    all.insert(all.begin(), built_in_plugins());
    for (const fs::path& folder : all) {
      std::vector<fs::path> files;
      std::error_code ignored;
      for (const auto& entry : fs::directory_iterator(folder, ignored)) files.push_back(entry.path());
      std::sort(files.begin(), files.end());
      stamps += folder.string() + "\n";
      for (const fs::path& file : files) stamps += stamp(file);
    }
  }

  fs::path file_of(const std::string& request) const { return cache / (sha256(stamps + request) + ".json"); }

  std::optional<Json> known(const std::string& request) const {
    std::error_code ignored;
    if (cache.empty() || !fs::exists(file_of(request), ignored)) return std::nullopt;
    try {
      const auto bytes = read_bytes(file_of(request));
      return Json::parse(bytes.begin(), bytes.end());
    } catch (const std::exception&) {
      return std::nullopt;  // damaged: asked again, and written anew
    }
  }

  void keep(const std::string& request, const Json& answer) const {
    if (cache.empty()) return;
    try {
      fs::create_directories(cache);
      write_file(file_of(request), answer.dump());
    } catch (const std::exception&) {
      // Only the next start is slower.
    }
  }

  Json ask(const std::string& request) {
    if (!worker) {
      // What it prints is kept in memory: no place that somebody else may write to, and none that must be there.
      if (log < 0) log = ::memfd_create("cambium-resolve", MFD_CLOEXEC);
      worker = std::make_unique<WorkerProcess>(WorkerProcess::Options{
          folders, 1, log < 0 ? fs::path("/dev/null") : fs::path(fmt::format("/proc/self/fd/{}", log))});
    }
    try {
      return Json::parse(worker->ask(request));
    } catch (const Json::exception&) {
      worker.reset();
      throw misunderstood("no JSON");
    } catch (const Error&) {
      worker.reset();
      throw;
    }
  }

  /// Whether a worker answers what no plugin can spoil. If so, what was asked is at fault; if not, the machine.
  bool is_well() {
    try {
      ask(R"({"do":"describe"})");
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  /// What a request was answered, as `Answer`.
  template <class Answer>
  static Answer understood(const Json& answer) {
    try {
      return answer.get<Answer>();
    } catch (const Json::exception&) {
      throw misunderstood("not what was asked");
    }
  }

  static Error misunderstood(const char* what) {
    return {ErrorKind::System, fmt::format("the worker answered what is {}", what),
            "are cambium and cambium-worker of one version?"};
  }

  ~Data() {
    worker.reset();
    if (log >= 0) ::close(log);
  }
};

void forget_answers() {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(cache_folder(), ignored))
    if (entry.path().extension() == ".json") fs::remove(entry.path(), ignored);
}

WorkerResolver::WorkerResolver(std::vector<fs::path> plugin_dirs) : data_(std::make_unique<Data>()) {
  data_->folders = std::move(plugin_dirs);
  data_->take_stamps();
}
WorkerResolver::~WorkerResolver() = default;

const Description& WorkerResolver::describe() {
  if (data_->description) return *data_->description;
  const std::string request = R"({"do":"describe"})";
  if (auto known = data_->known(request)) {
    try {
      data_->description = known->get<Description>();
      return *data_->description;
    } catch (const std::exception&) {
    }
  }
  const Json answer = data_->ask(request);
  data_->description = Data::understood<Description>(answer);
  data_->keep(request, answer);
  return *data_->description;
}

namespace {

/// Asks each different request once: what is known first, if the files it comes from are as they were, then a worker.
template <class Answer, class Request, class Data>
std::vector<Answer> answers(Data& data, const std::vector<Request>& requests) {
  std::map<std::string, Answer> known;
  std::vector<Answer> result;
  for (const Request& request : requests) {
    const std::string line = Json(request).dump();
    auto found = known.find(line);
    if (found == known.end()) {
      std::optional<Answer> answer;
      if (const auto kept = data.known(line)) try {
          answer = kept->template get<Answer>();
          if (!std::all_of(answer->files.begin(), answer->files.end(), holds)) answer.reset();
        } catch (const std::exception&) {
        }
      if (!answer) {
        Json json;
        try {
          json = data.ask(line);
        } catch (const Error& error) {
          if (!data.is_well()) throw;
          const std::string message = fmt::format("{} cannot be asked: {}", subject(request), error.message());
          json = {{"failure", {{"message", message}, {"hint", error.hint()}, {"part", ""}}}};
        }
        answer = Data::template understood<Answer>(json);
        if (!answer->failure) data.keep(line, json);
      }
      answer->files = {};  // they have served their purpose, and each table of a study's data would copy them
      found = known.emplace(line, std::move(*answer)).first;
    }
    result.push_back(found->second);
  }
  return result;
}

}  // namespace

std::vector<DatasetFacts> WorkerResolver::datasets(const std::vector<DatasetRequest>& requests) {
  return answers<DatasetFacts>(*data_, requests);
}

std::vector<OverlapFacts> WorkerResolver::overlaps(const std::vector<OverlapRequest>& requests) {
  return answers<OverlapFacts>(*data_, requests);
}

std::vector<NetworkInfo> WorkerResolver::networks(const std::vector<NetworkRequest>& requests) {
  return answers<NetworkInfo>(*data_, requests);
}

std::vector<WeightsFit> WorkerResolver::weights(const std::vector<WeightsRequest>& requests) {
  return answers<WeightsFit>(*data_, requests);
}

}  // namespace cambium
