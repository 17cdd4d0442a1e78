#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace cambium {

using Metrics = std::map<std::string, double>;

/// JSON has no NaN and no infinity: they are written as "nan", "inf" and "-inf".
nlohmann::json number_json(double value);
nlohmann::json metrics_json(const Metrics& metrics);
Metrics metrics_of(const nlohmann::json& json);  ///< the way back

/// An attempt's event file: one line of JSON an event, numbered from 0, each written at one go. One that holds events
/// already is never written over. Throws Error{System} naming the file.
class EventFile {
 public:
  explicit EventFile(std::filesystem::path path);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  /// Adds seq, type and time to `event` and appends it.
  void write(const std::string& type, nlohmann::json event);
  /// Gives back once all that was written is on the disk, the file's name too.
  void sync();

 private:
  std::filesystem::path path_;
  int file_ = -1;
  std::int64_t next_ = 0, length_ = 0;  ///< the next event's number, the bytes written
};

}  // namespace cambium
