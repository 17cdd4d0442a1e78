#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weights/source.h"

namespace cambium {

/// A value of a pickle, by its place in PickleGraph::values. Values refer to each other, in circles too.
using PickleRef = std::uint32_t;
inline constexpr PickleRef kNoValue = ~PickleRef{0};

struct PickleValue {
  enum class Kind : std::uint8_t {
    None,
    Boolean,
    Integer,
    Number,
    Text,
    Bytes,  ///< also whole numbers of more than 64 bits
    Tuple,
    List,
    Dict,  ///< dict, OrderedDict, defaultdict
    Set,
    Global,       ///< a class or function, named and never looked up
    Object,       ///< what a class or function would have made: never called
    PersistentId  ///< what the file keeps elsewhere
  };
  Kind kind = Kind::None;
  std::int64_t integer = 0;        ///< of Boolean and Integer
  std::string_view text;           ///< of Text and Bytes; of Global the name
  std::string_view module;         ///< of Global
  std::vector<PickleRef> items;    ///< elements; of Dict and Object key, value, key, value
  PickleRef callee = kNoValue;     ///< of Object
  PickleRef arguments = kNoValue;  ///< of Object; of PersistentId the id
  PickleRef state = kNoValue;      ///< of Object
};

/// A pickle as a graph of values. Reading one executes nothing: calls become Objects. Texts point into the file.
struct PickleGraph {
  std::vector<PickleValue> values;
  PickleRef root = kNoValue;
  std::size_t end = 0;  ///< first byte after it

  const PickleValue& operator[](PickleRef ref) const { return values[ref]; }
  /// The value at `key` of a Dict or Object, or kNoValue.
  PickleRef find(PickleRef dict, std::string_view key) const;
  /// "os.system" of a Global, of what an Object would have been made with; empty otherwise.
  std::string name_of(PickleRef ref) const;
};

/// Reads the pickle (protocols 0 to 5) at bytes [begin, end) of `source`. Functions that no weights file calls and that
/// do harm (os.system, builtins.eval, ...) are refused by name. Throws Error{Data}.
PickleGraph read_pickle(const WeightsSource& source, std::size_t begin, std::size_t end);

}  // namespace cambium
