#include "extent.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <map>

#include "cambium/error.h"

namespace cambium::exported {

/// sum := product (("+" | "-") product)*, product := power (("*" | "//") power)*, power := atom ["**" power].
class ExtentParser {
 public:
  using Kind = Extent::Step::Kind;
  ExtentParser(const std::string& text, std::vector<Extent::Step>& steps) : text_(text), steps_(steps) {}

  void parse() {
    sum(0);
    if (at_ != text_.size()) fail();
  }

 private:
  [[noreturn]] void fail() const {
    throw Error(ErrorKind::Data, "the graph has a size \"" + text_.substr(0, 200) + "\", which is not understood",
                "export the network for images of one size, with a dynamic batch alone");
  }
  bool take(const std::string& what) {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (text_.compare(at_, what.size(), what) != 0) return false;
    at_ += what.size();
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return true;
  }
  void put(Kind kind) { steps_.push_back({kind, 0, {}}); }

  void sum(int depth) {
    constexpr int kDepth = 50;
    if (depth > kDepth || text_.size() > 10'000) fail();
    product(depth);
    for (;;) {
      if (take("+")) {
        product(depth);
        put(Kind::Add);
      } else if (take("-")) {
        product(depth);
        put(Kind::Subtract);
      } else {
        return;
      }
    }
  }
  void product(int depth) {
    power(depth);
    for (;;) {
      if (take("//")) {
        power(depth);
        put(Kind::Divide);
      } else if (text_.compare(at_, 2, "**") != 0 && take("*")) {
        power(depth);
        put(Kind::Multiply);
      } else {
        return;
      }
    }
  }
  void power(int depth) {
    atom(depth);
    if (!take("**")) return;
    atom(depth);
    put(Kind::Power);
  }
  void atom(int depth) {
    if (take("-")) {
      steps_.push_back({Kind::Number, 0, {}});
      power(depth);
      return put(Kind::Subtract);
    }
    if (take("(")) {
      sum(depth + 1);
      if (!take(")")) fail();
      return;
    }
    const std::size_t begin = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_' || text_[at_] == '.'))
      ++at_;
    std::string word = text_.substr(begin, at_ - begin);
    word = word.substr(word.rfind('.') + 1);
    if (word.empty() || word.size() > 60) fail();
    if (std::isdigit(static_cast<unsigned char>(word[0]))) {
      if (word.size() > 18 || word.find_first_not_of("0123456789") != std::string::npos) fail();
      steps_.push_back({Kind::Number, std::stoll(word), {}});
    } else if (take("(")) {
      call(word, depth);
    } else {
      steps_.push_back({Kind::Symbol, 0, word});
    }
    take("");
  }
  /// As sympy's srepr has them too: Mul(Integer(64), Symbol('s77', positive=True, integer=True)).
  void call(const std::string& function, int depth) {
    static const std::map<std::string, Kind> kFunctions = {
        {"Add", Kind::Add},         {"Mul", Kind::Multiply},      {"Pow", Kind::Power},  {"FloorDiv", Kind::Divide},
        {"CleanDiv", Kind::Divide}, {"IntTrueDiv", Kind::Divide}, {"Mod", Kind::Modulo}, {"PythonMod", Kind::Modulo},
        {"Max", Kind::Most},        {"Min", Kind::Least}};
    if (function == "Symbol") return quoted();
    const auto found = kFunctions.find(function);
    if (found == kFunctions.end() && function != "Integer") fail();
    for (std::size_t count = 1;; ++count) {
      sum(depth + 1);
      if (count > 1) found == kFunctions.end() ? fail() : put(found->second);
      if (!take(",")) break;
    }
    if (!take(")")) fail();
  }
  void quoted() {
    const std::size_t end = text_.find('\'', at_ + 1), close = text_.find(')', at_);
    if (text_[at_] != '\'' || end == std::string::npos || close == std::string::npos || end > close || end - at_ > 60)
      fail();
    steps_.push_back({Kind::Symbol, 0, text_.substr(at_ + 1, end - at_ - 1)});
    at_ = close + 1;
  }

  const std::string& text_;
  std::vector<Extent::Step>& steps_;
  std::size_t at_ = 0;
};

Extent::Extent(const std::string& expression) {
  ExtentParser(expression, steps_).parse();
  if (steps_.size() == 1 && steps_[0].kind == Step::Kind::Number) {
    number_ = steps_[0].number;
    steps_.clear();
  }
}

std::string Extent::symbol() const {
  return steps_.size() == 1 && steps_[0].kind == Step::Kind::Symbol ? steps_[0].symbol : std::string();
}

namespace {

[[noreturn]] void overflow() {
  throw Error(ErrorKind::Data, "the graph has a size that cannot be computed", "the file is damaged; export it again");
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  if (b == 0 || (b == -1 && a == std::numeric_limits<std::int64_t>::min())) overflow();
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

std::int64_t multiply(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result)) overflow();
  return result;
}

}  // namespace

std::int64_t Extent::value(const std::map<std::string, std::int64_t>& symbols) const {
  if (is_number()) return number_;
  std::vector<std::int64_t> stack;
  for (const Step& step : steps_) {
    if (step.kind == Step::Kind::Number) {
      stack.push_back(step.number);
      continue;
    }
    if (step.kind == Step::Kind::Symbol) {
      const auto found = symbols.find(step.symbol);
      if (found == symbols.end())
        throw Error(
            ErrorKind::Data,
            "the graph has a size " + step.symbol + ", which hangs on what the images show and not on their shape",
            "such a network cannot be cut into layers: export one without .item() and masks of indices");
      stack.push_back(found->second);
      continue;
    }
    const std::int64_t b = stack.back();
    stack.pop_back();
    std::int64_t& a = stack.back();
    std::int64_t result = 1;
    switch (step.kind) {
      case Step::Kind::Add:
        if (__builtin_add_overflow(a, b, &result)) overflow();
        break;
      case Step::Kind::Subtract:
        if (__builtin_sub_overflow(a, b, &result)) overflow();
        break;
      case Step::Kind::Multiply:
        result = multiply(a, b);
        break;
      case Step::Kind::Divide:
        result = floor_divide(a, b);
        break;
      case Step::Kind::Modulo:
        result = a - floor_divide(a, b) * b;
        break;
      case Step::Kind::Power:
        if (b < 0 || b > 62) overflow();
        for (std::int64_t i = 0; i < b; ++i) result = multiply(result, a);
        break;
      case Step::Kind::Most:
        result = std::max(a, b);
        break;
      default:
        result = std::min(a, b);
    }
    a = result;
  }
  return stack.back();
}

}  // namespace cambium::exported
