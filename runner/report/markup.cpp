#include <fmt/format.h>

#include <map>

#include "report/format.h"

namespace cambium {
namespace {

std::string replaced(const std::string& text, const std::map<char, const char*>& by) {
  std::string result;
  for (const char c : text) {
    const auto found = by.find(c);
    result += found == by.end() ? std::string(1, c) : found->second;
  }
  return result;
}

std::string for_markdown(const std::string& text) {
  return replaced(text, {{'|', "\\|"},
                         {'\\', "\\\\"},
                         {'`', "\\`"},
                         {'*', "\\*"},
                         {'_', "\\_"},
                         {'<', "&lt;"},
                         {'&', "&amp;"},
                         {'[', "\\["}});
}

std::string for_latex(const std::string& text) {
  std::string result = replaced(text, {{'\\', "\\textbackslash{}"},
                                       {'&', "\\&"},
                                       {'%', "\\%"},
                                       {'$', "\\$"},
                                       {'#', "\\#"},
                                       {'_', "\\_"},
                                       {'{', "\\{"},
                                       {'}', "\\}"},
                                       {'~', "\\textasciitilde{}"},
                                       {'^', "\\textasciicircum{}"},
                                       {'<', "\\textless{}"},
                                       {'>', "\\textgreater{}"}});
  constexpr std::string_view kPlusMinus = "±";
  for (std::size_t at = 0; (at = result.find(kPlusMinus, at)) != std::string::npos;)
    result.replace(at, kPlusMinus.size(), "$\\pm$");
  return result;
}

}  // namespace

std::string to_markdown(const Table& table, const Bold& bold) {
  const Printed texts = printed(table);
  std::string text = "|", rule = "|";
  for (const Column& column : texts.columns) {
    text += fmt::format(" {} |", for_markdown(column.title));
    rule += column.right ? "--:|" : "---|";
  }
  text += "\n" + rule + "\n";
  for (std::size_t r = 0; r < texts.rows.size(); ++r) {
    text += "|";
    for (std::size_t c = 0; c < texts.columns.size(); ++c) {
      const char* mark = bold.count({r, c}) != 0 ? "**" : "";
      text += fmt::format(" {}{}{} |", mark, for_markdown(texts.rows[r][c]), mark);
    }
    text += "\n";
  }
  return text;
}

std::string to_latex(const Table& table, const Bold& bold) {
  const Printed texts = printed(table);
  std::string text = "% \\usepackage{booktabs}\n\\begin{tabular}{";
  for (const Column& column : texts.columns) text += column.right ? "r" : "l";
  text += "}\n\\toprule\n";
  const auto line = [&](const auto& cell_of) {
    for (std::size_t c = 0; c < texts.columns.size(); ++c) text += (c == 0 ? "" : " & ") + cell_of(c);
    text += " \\\\\n";
  };
  line([&](std::size_t c) { return for_latex(texts.columns[c].title); });
  text += "\\midrule\n";
  for (std::size_t r = 0; r < texts.rows.size(); ++r)
    line([&](std::size_t c) {
      const std::string cell = for_latex(texts.rows[r][c]);
      return bold.count({r, c}) != 0 ? "\\textbf{" + cell + "}" : cell;
    });
  return text + "\\bottomrule\n\\end{tabular}\n";
}

}  // namespace cambium
