// libFuzzer target: the graph of an exported network. What is let through refers to values that there are, in order.
#include <cstdlib>

#include "cambium/error.h"
#include "program.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cambium::exported;
  try {
    const Program program = parse_program(std::string(reinterpret_cast<const char*>(data), size));
    const auto known = [&](ValueId value) { return value >= 0 && std::size_t(value) < program.values.size(); };
    if (!known(program.image) || !known(program.output)) std::abort();
    for (const Node& node : program.nodes)
      for (const Argument& argument : node.arguments)
        if (argument.kind == Argument::Kind::Value && !known(argument.value)) std::abort();
    for (const Value& value : program.values) value.number.value({{"s0", 3}});
  } catch (const cambium::Error&) {
  }
  return 0;
}
