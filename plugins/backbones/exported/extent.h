#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cambium::exported {

/// A size as the graph writes it: a number, or an expression in the symbols of dynamic sizes ("64*s77", "(s77//2)").
class Extent {
 public:
  Extent() = default;
  explicit Extent(std::int64_t number) : number_(number) {}
  /// Throws Error{Data} for what is no such expression.
  explicit Extent(const std::string& expression);

  bool is_number() const { return steps_.empty(); }
  std::int64_t number() const { return number_; }
  /// The symbol that it is, and nothing else; empty otherwise.
  std::string symbol() const;
  /// Its value. Throws Error{Data} for a symbol that `symbols` lacks, and for what overflows.
  std::int64_t value(const std::map<std::string, std::int64_t>& symbols) const;

 private:
  friend class ExtentParser;
  struct Step {
    enum class Kind { Number, Symbol, Add, Subtract, Multiply, Divide, Modulo, Power, Most, Least } kind;
    std::int64_t number = 0;
    std::string symbol;
  };

  std::int64_t number_ = 0;
  std::vector<Step> steps_;  ///< in postfix order; empty for a number
};

}  // namespace cambium::exported
