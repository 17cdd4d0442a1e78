#include "exec/event_tail.h"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

namespace cambium {

void EventTail::follow(const std::function<void(std::int64_t, double)>& epoch) {
  std::ifstream file(path_, std::ios::binary);
  if (!file) return;
  file.seekg(std::streamoff(offset_));
  for (std::string line; std::getline(file, line) && !file.eof();) {  // without its newline, a line is not whole yet
    offset_ += line.size() + 1;
    try {
      take(line, epoch);
    } catch (const nlohmann::json::exception&) {
      // The store complains of it.
    }
  }
}

void EventTail::take(const std::string& line, const std::function<void(std::int64_t, double)>& epoch) {
  const auto event = nlohmann::json::parse(line, nullptr, false);
  if (!event.is_object()) return;
  const std::string type = event.value("type", "");
  if (const std::string note = event.value("note", ""); !note.empty()) note_ = note;
  if (type == "epoch") {
    const auto loss = event.value("metrics", nlohmann::json::object()).value("train_loss", nlohmann::json());
    epoch_ = event.value("epoch", std::int64_t{0});
    epoch(epoch_, loss.is_number() ? loss.get<double>() : std::nan(""));
  } else if (type == "failed") {
    end_ = End::Failed;
    error_ = event.value("message", "");
    kind_ = event.value("kind", "error");
  } else if (type == "finished") {
    end_ = End::Finished;
    for (const auto& weights : event.value("weights", nlohmann::json::array()))
      weights_.push_back({weights.value("kind", ""), weights.value("path", ""), weights.value("sha256", ""),
                          weights.value("bytes", std::int64_t{0})});
  }
}

}  // namespace cambium
