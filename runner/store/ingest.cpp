#include "store/ingest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "store/place.h"
#include "store/transaction.h"

namespace cambium {
namespace {

std::optional<std::string_view> if_any(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string_view>(text);
}

/// Counted from 1, of the line that begins at byte `offset`. Only for messages: it reads all that is before.
std::int64_t line_number(const std::filesystem::path& file, std::int64_t offset) {
  std::ifstream stream(file, std::ios::binary);
  std::int64_t line = 1;
  for (char c = 0; offset > 0 && stream.get(c); --offset) line += c == '\n';
  return line;
}

}  // namespace

Ingest::Ingest(Database& database, std::int64_t run, std::int64_t next_seq)
    : database_(database), run_(run), next_seq_(next_seq), line_seq_(next_seq) {
  Statement& known = database_.prepared("SELECT epochs, seconds FROM run WHERE id = ?");
  if (known.bind(run_).step()) {
    epochs_ = known.integer(0);
    if (!known.is_null(1)) seconds_ = known.real(1);
  }
  known.reset();
}

std::int64_t Ingest::take(const std::filesystem::path& file, std::int64_t offset) {
  constexpr std::size_t kBlock = std::size_t{1} << 20;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    throw Error(ErrorKind::Store, fmt::format("event file {} cannot be read: {}", file.string(), std::strerror(errno)),
                "see that you may read it");
  }
  if (offset == 0) line_seq_ = 0;
  stream.seekg(offset);
  std::string buffer;  // begins at `offset` of the file
  std::size_t searched = 0;
  while (stream) {
    const std::size_t kept = buffer.size();
    buffer.resize(kept + kBlock);
    stream.read(&buffer[kept], static_cast<std::streamsize>(kBlock));
    buffer.resize(kept + static_cast<std::size_t>(stream.gcount()));
    std::size_t begin = 0;
    for (std::size_t end; (end = buffer.find('\n', std::max(begin, searched))) != std::string::npos; begin = end + 1) {
      take_line(std::string_view(buffer).substr(begin, end - begin), file, offset + static_cast<std::int64_t>(begin));
    }
    buffer.erase(0, begin);
    offset += static_cast<std::int64_t>(begin);
    searched = buffer.size();
  }
  return offset;
}

void Ingest::take_line(std::string_view line, const std::filesystem::path& file, std::int64_t offset) {
  const auto complain = [&](const std::string& what) {
    if (problem_ || line_seq_ < next_seq_) return;  // told before
    problem_ = Error(ErrorKind::Store,
                     fmt::format("event file {}, line {}: {}", file.string(), line_number(file, offset), what),
                     "the other lines were taken in; to have this run again whole, run its cell again");
  };
  try {
    const Event event = parse_event(line);
    if (event.seq > line_seq_ + bad_lines_)
      complain(fmt::format("event {} stands where {} was due: lines are missing", event.seq, line_seq_));
    if (event.seq >= next_seq_) {
      apply(event);
      next_seq_ = event.seq + 1;
    }
    line_seq_ = event.seq + 1;
    bad_lines_ = 0;
  } catch (const Error&) {
    throw;  // the database's
  } catch (const std::runtime_error& error) {
    complain(error.what());
    ++bad_lines_;
  }
}

void Ingest::apply(const Event& event) {
  if (event.seconds) seconds_ = event.seconds;
  switch (event.type) {
    case Event::Type::Started:
      return apply_started(event);
    case Event::Type::Epoch:
      epochs_ = event.epoch;
      return add_points(event);
    case Event::Type::Finished:
    case Event::Type::Failed:
      add_points(event);
      return apply_end(event);
  }
}

void Ingest::apply_started(const Event& event) {
  std::optional<std::int64_t> provenance;
  if (!event.provenance.empty()) {
    database_.prepared("INSERT INTO provenance (json) VALUES (?) ON CONFLICT DO NOTHING").run(event.provenance);
    Statement& find = database_.prepared("SELECT id FROM provenance WHERE json = ?");
    if (find.bind(event.provenance).step()) provenance = find.integer(0);
    find.reset();
  }
  database_
      .prepared(
          "UPDATE run SET started = ?2, resumed_epoch = ?3, trainable = ?4, total = ?5, train_images = ?6, selection = "
          "?7, provenance = ?8, note = ?9 WHERE id = ?1")
      .run(run_, event.time, event.resumed_epoch, event.trainable, event.total, event.train_images,
           if_any(event.selection), provenance, if_any(event.note));
}

void Ingest::apply_end(const Event& event) {
  const bool done = event.type == Event::Type::Finished;
  Statement& insert = database_.prepared(
      "INSERT INTO artifact VALUES (?, ?, ?, ?, ?) "
      "ON CONFLICT DO UPDATE SET path = excluded.path, sha256 = excluded.sha256, bytes = excluded.bytes");
  for (const Artifact& weights : event.weights) {
    insert.run(run_, weights.kind, stored_path(weights.path, files_folder(database_)), weights.sha256, weights.bytes);
  }
  database_
      .prepared(
          "UPDATE run SET state = ?2, failure = ?3, finished = ?4, error = ?5, hint = ?6, told_end = 1 WHERE id = ?1")
      .run(run_, done ? "done" : "failed", if_any(event.kind), event.time, if_any(event.message), if_any(event.hint));
}

void Ingest::add_points(const Event& event) {
  const std::int64_t step = epochs_;
  for (const auto& [name, value] : event.metrics) {
    Series& one = series(name);
    one.points.emplace_back(step, value);
    if (one.steps > 0 && step <= one.last_step) {
      one.rewritten = true;
      continue;
    }
    ++one.steps;
    one.last_step = step;
    one.last = value;
    if (!std::isnan(value)) {
      one.minimum = std::min(one.minimum.value_or(value), value);
      one.maximum = std::max(one.maximum.value_or(value), value);
    }
  }
}

Ingest::Series& Ingest::series(const std::string& name) {
  if (const auto found = series_.find(name); found != series_.end()) return found->second;
  Series& one = series_[name];
  database_.prepared("INSERT INTO metric (name) VALUES (?) ON CONFLICT DO NOTHING").run(name);
  Statement& find = database_.prepared("SELECT id FROM metric WHERE name = ?");
  find.bind(name).step();
  one.metric = find.integer(0);
  find.reset();
  Statement& known =
      database_.prepared("SELECT steps, last_step, last, minimum, maximum FROM summary WHERE run = ? AND metric = ?");
  if (known.bind(run_, one.metric).step()) {
    const auto real = [&](int column) {
      return known.is_null(column) ? std::nullopt : std::optional(known.real(column));
    };
    one.steps = known.integer(0);
    one.last_step = known.integer(1);
    one.last = real(2);
    one.minimum = real(3);
    one.maximum = real(4);
  }
  known.reset();
  return one;
}

void Ingest::recount(const Series& one) {
  database_
      .prepared(
          "INSERT OR REPLACE INTO summary SELECT run, metric, count(*), max(step), "
          "(SELECT value FROM point WHERE run = ?1 AND metric = ?2 ORDER BY step DESC LIMIT 1), min(value), max(value) "
          "FROM point WHERE run = ?1 AND metric = ?2 GROUP BY run, metric")
      .run(run_, one.metric);
}

void Ingest::write(const Series& one) {
  // Eight rows a statement take half the time of eight statements.
  constexpr std::size_t kRows = 8;
  Statement& single = database_.prepared("INSERT OR REPLACE INTO point VALUES (?1, ?2, ?3, ?4)");
  Statement& eight = database_.prepared(
      "INSERT OR REPLACE INTO point VALUES (?1, ?2, ?3, ?4), (?1, ?2, ?5, ?6), (?1, ?2, ?7, ?8), (?1, ?2, ?9, ?10), "
      "(?1, ?2, ?11, ?12), (?1, ?2, ?13, ?14), (?1, ?2, ?15, ?16), (?1, ?2, ?17, ?18)");
  const auto& points = one.points;
  std::size_t i = 0;
  for (; i + kRows <= points.size(); i += kRows) {
    eight.bind(run_, one.metric);
    for (std::size_t row = 0; row < kRows; ++row) {
      eight.put(static_cast<int>(3 + 2 * row), points[i + row].first);
      eight.put(static_cast<int>(4 + 2 * row), points[i + row].second);
    }
    eight.step();
  }
  for (; i < points.size(); ++i) single.run(run_, one.metric, points[i].first, points[i].second);
}

void Ingest::finish(std::int64_t offset) {
  Statement& summary = database_.prepared("INSERT OR REPLACE INTO summary VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (const auto& [name, one] : series_) {
    write(one);
    if (one.rewritten) {
      recount(one);
    } else {
      summary.run(run_, one.metric, one.steps, one.last_step, one.last, one.minimum, one.maximum);
    }
  }
  database_.prepared("UPDATE run SET epochs = ?2, seconds = ?3, event_offset = ?4, next_seq = ?5 WHERE id = ?1")
      .run(run_, epochs_, seconds_, offset, next_seq_);
}

bool take_events(Database& database, std::int64_t run, const std::filesystem::path& events,
                 std::optional<Error>& problem) {
  Statement& find = database.prepared("SELECT event_offset, next_seq, told_end FROM run WHERE id = ?");
  const auto told_end = [&] {
    find.bind(run).step();
    const bool told = find.integer(2) != 0;
    find.reset();
    return told;
  };
  find.bind(run).step();
  std::int64_t offset = find.integer(0);
  const std::int64_t next_seq = find.integer(1);
  find.reset();

  std::error_code absent;
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(events, absent));
  if (absent || size == offset) return told_end();
  if (size < offset) offset = 0;  // another file by the same name: whatever of it is known is passed over by its number
  Transaction transaction(database);
  Ingest ingest(database, run, next_seq);
  ingest.finish(ingest.take(events, offset));
  transaction.commit();
  problem = ingest.problem();
  return told_end();
}

}  // namespace cambium
