#include "store/ingest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <vector>

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
    : database_(database), run_(run), next_seq_(next_seq), line_seq_(next_seq) {}

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
  switch (event.type) {
    case Event::Type::Started:
      return apply_started(event);
    case Event::Type::Epoch:
      add_points(event, event.epoch);
      database_.prepared("UPDATE run SET epochs = ?2, seconds = coalesce(?3, seconds) WHERE id = ?1")
          .run(run_, event.epoch, event.seconds);
      return;
    case Event::Type::Finished:
    case Event::Type::Failed:
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
          "?7, provenance = ?8 WHERE id = ?1")
      .run(run_, event.time, event.resumed_epoch, event.trainable, event.total, event.train_images,
           if_any(event.selection), provenance);
}

void Ingest::apply_end(const Event& event) {
  const bool done = event.type == Event::Type::Finished;
  if (done) {
    Statement& epochs = database_.prepared("SELECT epochs FROM run WHERE id = ?");
    epochs.bind(run_).step();
    const std::int64_t last = epochs.integer(0);
    epochs.reset();
    add_points(event, last);
    Statement& insert = database_.prepared(
        "INSERT INTO artifact VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET path = excluded.path, sha256 = "
        "excluded.sha256, bytes = excluded.bytes");
    for (const Artifact& weights : event.weights)
      insert.run(run_, weights.kind, weights.path, weights.sha256, weights.bytes);
  }
  database_
      .prepared(
          "UPDATE run SET state = ?2, failure = ?3, finished = ?4, seconds = coalesce(?5, seconds), error = ?6, hint = "
          "?7, told_end = 1 WHERE id = ?1")
      .run(run_, done ? "done" : "failed", if_any(event.kind), event.time, event.seconds, if_any(event.message),
           if_any(event.hint));
}

void Ingest::add_points(const Event& event, std::int64_t step) {
  Statement& insert =
      database_.prepared("INSERT INTO point VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value");
  for (const auto& [name, value] : event.metrics) {
    Series& one = series(name);
    insert.run(run_, one.metric, step, value);
    one.changed = true;
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

void Ingest::recount(Series& one) {
  database_
      .prepared(
          "INSERT INTO summary SELECT run, metric, count(*), max(step), "
          "(SELECT value FROM point WHERE run = ?1 AND metric = ?2 ORDER BY step DESC LIMIT 1), min(value), max(value) "
          "FROM point WHERE run = ?1 AND metric = ?2 GROUP BY run, metric ON CONFLICT DO UPDATE SET steps = "
          "excluded.steps, "
          "last_step = excluded.last_step, last = excluded.last, minimum = excluded.minimum, maximum = "
          "excluded.maximum")
      .run(run_, one.metric);
}

void Ingest::finish(std::int64_t offset) {
  Statement& insert = database_.prepared(
      "INSERT INTO summary VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET steps = excluded.steps, "
      "last_step = excluded.last_step, last = excluded.last, minimum = excluded.minimum, maximum = excluded.maximum");
  for (auto& [name, one] : series_) {
    if (one.rewritten) {
      recount(one);
    } else if (one.changed) {
      insert.run(run_, one.metric, one.steps, one.last_step, one.last, one.minimum, one.maximum);
    }
  }
  database_.prepared("UPDATE run SET event_offset = ?2, next_seq = ?3 WHERE id = ?1").run(run_, offset, next_seq_);
}

}  // namespace cambium
