#include "list_file.h"

#include <fmt/format.h>
#include <iconv.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <optional>

#include "cambium/error.h"
#include "cambium/files.h"

namespace cambium {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSpace = " \t\r";
constexpr const char* kHint = "write one image a line: its path, a space, its label";

/// How the columns of a file are parted.
enum class Between { Space, Comma, Semicolon, Tab };

struct TextLine {
  std::string text;
  std::string place;
};

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(kSpace);
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string from_utf16(std::string bytes, const fs::path& path) {
  const iconv_t convert = iconv_open("UTF-8", "UTF-16");
  std::string text(bytes.size() * 2, '\0');
  char *from = bytes.data(), *to = text.data();
  std::size_t left = bytes.size(), room = text.size();
  const bool right = convert != iconv_t(-1) && ::iconv(convert, &from, &left, &to, &room) != std::size_t(-1);
  if (convert != iconv_t(-1)) iconv_close(convert);
  if (!right) {
    const auto line = 1 + std::count(text.begin(), text.begin() + (to - text.data()), '\n');
    throw Error(ErrorKind::Data, fmt::format("{}:{}: is UTF-16 that is damaged", path.string(), line),
                "save the list as UTF-8");
  }
  text.resize(text.size() - room);
  return text;
}

/// The lines that say something, with their numbers; of any system's kind.
std::vector<TextLine> lines_of(const fs::path& path) {
  const std::vector<std::uint8_t> bytes = read_bytes(path, std::size_t{1} << 30);
  std::string text(bytes.begin(), bytes.end());
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) text = from_utf16(std::move(text), path);
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  if (text.find('\n') == std::string::npos) std::replace(text.begin(), text.end(), '\r', '\n');
  std::vector<TextLine> lines;
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    TextLine line{trimmed(text.substr(at, end - at)), fmt::format("{}:{}", path.string(), ++number)};
    at = end + 1;
    if (line.text.find('\0') != std::string::npos)
      throw Error(ErrorKind::Data, line.place + ": holds bytes of 0, as UTF-16 without a byte order mark does",
                  "save the list as UTF-8");
    if (!line.text.empty()) lines.push_back(std::move(line));
  }
  return lines;
}

/// The columns of a line; what stands in double quotes is one, whatever is in it.
std::vector<std::string> columns_of(const std::string& line, Between between) {
  if (between == Between::Space) {  // the label is what comes after the last white space
    const std::size_t gap = line.find_last_of(kSpace);
    if (gap == std::string::npos) return {line};
    return {trimmed(line.substr(0, gap)), line.substr(gap + 1)};
  }
  const char mark = between == Between::Comma ? ',' : between == Between::Semicolon ? ';' : '\t';
  std::vector<std::string> columns = {""};
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool twice = quoted && line[i] == '"' && i + 1 < line.size() && line[i + 1] == '"';
    if (line[i] == '"' && !twice)
      quoted = !quoted;
    else if (line[i] == mark && !quoted)
      columns.emplace_back();
    else
      columns.back() += line[i];
    if (twice) ++i;
  }
  for (std::string& column : columns) column = trimmed(column);
  return columns;
}

/// Which columns are path and label.
struct Columns {
  std::size_t path = 0, label = 1;
};

/// Those that a line of column names states.
std::optional<Columns> header_of(const std::vector<std::string>& columns) {
  static const std::array<std::string_view, 13> kPaths = {
      "path",       "file",       "filename", "file_name", "filepath",   "file_path", "image",
      "image_path", "image_name", "img",      "img_path",  "image_file", "name"};
  static const std::array<std::string_view, 10> kLabels = {
      "label", "class", "target", "category", "labels", "class_name", "class_id", "label_name", "y", "species"};
  const auto find = [&](const auto& names) -> std::optional<std::size_t> {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      std::string name = columns[i];
      std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return char(std::tolower(c)); });
      if (std::find(names.begin(), names.end(), name) != names.end()) return i;
    }
    return std::nullopt;
  };
  const auto path = find(kPaths), label = find(kLabels);
  if (!path || !label) return std::nullopt;
  return Columns{*path, *label};
}

/// What one mark between the columns makes of a list.
struct Reading {
  std::vector<ListLine> lines;
  std::string fault;   ///< of the first line that is no path and label; empty: all are
  bool there = false;  ///< the first image
  bool parts = false;  ///< the first line has the mark
};

Reading read(const std::vector<TextLine>& text, Between between, const fs::path& root) {
  Reading reading;
  Columns which;
  std::size_t width = 2, begin = 0;
  if (const auto first = columns_of(text.front().text, between); first.size() > 1)
    if (const auto named = header_of(first)) {
      which = *named;
      width = first.size();
      begin = 1;
    }
  for (std::size_t i = begin; i < text.size(); ++i) {
    const auto columns = columns_of(text[i].text, between);
    if (columns.size() != width || columns[which.path].empty() || columns[which.label].empty()) {
      reading.fault = columns.size() > 2 && width == 2
                          ? fmt::format("{}: has {} columns, and none is named", text[i].place, columns.size())
                          : text[i].place + ": is no path and label";
      break;
    }
    reading.lines.push_back({columns[which.path], columns[which.label], text[i].place});
  }
  reading.parts = columns_of(text[begin < text.size() ? begin : 0].text, between).size() > 1;
  std::error_code ignored;
  reading.there = !reading.lines.empty() && fs::exists(image_path(reading.lines.front(), root), ignored);
  return reading;
}

}  // namespace

std::vector<ListLine> read_list(const fs::path& path, const fs::path& root) {
  const std::vector<TextLine> text = lines_of(path);
  std::optional<Reading> chosen;
  if (!text.empty())
    for (const Between between : {Between::Space, Between::Comma, Between::Semicolon, Between::Tab}) {
      Reading reading = read(text, between, root);
      const auto rank = [](const Reading& r) {
        return (r.there ? 4 : 0) + (r.fault.empty() ? 2 : 0) + (r.parts ? 1 : 0);
      };
      if (!chosen || rank(reading) > rank(*chosen)) chosen = std::move(reading);
    }
  if (chosen && !chosen->fault.empty())
    throw Error(ErrorKind::Data, chosen->fault,
                std::string(kHint) + "; a first line of column names, as path,label, says which is which of more");
  if (!chosen || chosen->lines.empty()) throw Error(ErrorKind::Data, path.string() + ": lists no images", kHint);
  return std::move(chosen->lines);
}

fs::path image_path(const ListLine& line, const fs::path& root) {
  const fs::path path = root / line.path;
  std::error_code ignored;
  if (line.path.find('\\') == std::string::npos || fs::exists(path, ignored)) return path;
  std::string turned = line.path;
  std::replace(turned.begin(), turned.end(), '\\', '/');
  return root / turned;
}

}  // namespace cambium
