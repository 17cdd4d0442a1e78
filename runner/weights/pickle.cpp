#include "weights/pickle.h"

#include <fmt/format.h>

#include <charconv>
#include <unordered_map>

#include "weights/harmful.h"

namespace cambium {
namespace {

using Kind = PickleValue::Kind;

constexpr std::size_t kMostValues = 4'000'000;

/// The machine that a pickle is a program of, without its power to call.
class Unpickler {
 public:
  Unpickler(const WeightsSource& source, std::size_t begin, std::size_t end)
      : source_(source), at_(begin), begin_(begin), end_(end) {}

  PickleGraph read() {
    while (true) {
      const auto opcode = char(take<std::uint8_t>());
      if (opcode == '.') break;
      step(opcode);
      if (stack_.size() + marks_.size() + memo_.size() > kMostValues)
        fail(fmt::format("keeps more than {} values at once", kMostValues));
    }
    graph_.root = pop();
    graph_.end = at_;
    return std::move(graph_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    source_.fail(fmt::format("holds a pickle that {} (byte {} of it)", what, at_ - begin_));
  }

  std::size_t left() const { return end_ - at_; }
  template <class T>
  T take() {
    if (left() < sizeof(T)) fail("is cut short");
    const T value = source_.number<T>(at_);
    at_ += sizeof(T);
    return value;
  }
  std::string_view text(std::uint64_t size) {
    if (left() < size) fail("is cut short");
    const std::string_view view = source_.text(at_, std::size_t(size));
    at_ += std::size_t(size);
    return view;
  }
  std::string_view line() {
    const std::string_view rest = source_.text(at_, left());
    const std::size_t size = rest.find('\n');
    if (size == std::string_view::npos) fail("is cut short");
    at_ += size + 1;
    return rest.substr(0, size);
  }
  std::int64_t whole(std::string_view digits) const {
    if (!digits.empty() && digits.back() == 'L') digits.remove_suffix(1);
    std::int64_t value = 0;
    const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || rest != digits.data() + digits.size()) fail("has a number that is none");
    return value;
  }

  PickleValue& make(Kind kind) {
    if (graph_.values.size() >= kMostValues) fail(fmt::format("has more than {} values", kMostValues));
    stack_.push_back(PickleRef(graph_.values.size()));
    graph_.values.emplace_back().kind = kind;
    return graph_.values.back();
  }
  void push(PickleRef ref) { stack_.push_back(ref); }
  /// Values above the last mark belong to it until it is taken away.
  PickleRef top() const {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) fail("takes from an empty stack");
    return stack_.back();
  }
  PickleRef pop() {
    const PickleRef ref = top();
    stack_.pop_back();
    return ref;
  }
  std::vector<PickleRef> pop_to_mark() {
    if (marks_.empty()) fail("takes a mark that was not set");
    const auto begin = stack_.begin() + std::ptrdiff_t(marks_.back());
    std::vector<PickleRef> items(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return items;
  }

  void integer(std::int64_t value) { make(Kind::Integer).integer = value; }
  void boolean(bool value) { make(Kind::Boolean).integer = value; }
  void string(Kind kind, std::string_view value) { make(kind).text = value; }
  void collection(Kind kind, std::vector<PickleRef> items) { make(kind).items = std::move(items); }

  /// A whole number as little-endian bytes in two's complement.
  void long_number(std::string_view bytes) {
    if (bytes.size() > 8) return string(Kind::Bytes, bytes);
    std::uint64_t value = !bytes.empty() && (bytes.back() & 0x80) ? ~std::uint64_t{0} : 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | std::uint8_t(bytes[i]);
    integer(std::int64_t(value));
  }

  void global(std::string_view module, std::string_view name) {
    if (harmful(module, name))
      source_.fail(
          fmt::format("would call {}.{} when Python loads it, which no weights need: nothing was run", module, name),
          "do not trust this file; get the weights from elsewhere, as safetensors if you can");
    PickleValue& value = make(Kind::Global);
    value.module = module;
    value.text = name;
  }

  /// What `callee` would make of `arguments`.
  void object(PickleRef callee, PickleRef arguments) {
    const std::string name = graph_.name_of(callee);
    const bool dict = is_any(name, {"collections.OrderedDict", "collections.defaultdict", "builtins.dict"});
    PickleValue& value = make(dict ? Kind::Dict : Kind::Object);
    value.callee = callee;
    value.arguments = arguments;
  }

  PickleValue& container() {
    PickleValue& value = graph_.values[top()];
    if (!holds_items(value.kind)) fail("puts items into what holds none");
    return value;
  }
  static bool holds_items(Kind kind) {
    return kind == Kind::List || kind == Kind::Dict || kind == Kind::Set || kind == Kind::Object;
  }
  void put_items(const std::vector<PickleRef>& items, bool pairs) {
    if (pairs && items.size() % 2 != 0) fail("has a key without a value");
    PickleValue& into = container();
    if (pairs != (into.kind == Kind::Dict) && into.kind != Kind::Object) fail("puts items into what holds none");
    if (pairs || into.kind != Kind::Object) into.items.insert(into.items.end(), items.begin(), items.end());
  }

  void remember(std::uint64_t key) { memo_[key] = top(); }
  void recall(std::uint64_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) fail(fmt::format("recalls value {}, which it never kept", key));
    push(found->second);
  }

  void tuple(std::size_t size) {
    std::vector<PickleRef> items(size);
    for (std::size_t i = size; i-- > 0;) items[i] = pop();
    collection(Kind::Tuple, std::move(items));
  }

  void step(char opcode);

  const WeightsSource& source_;
  std::size_t at_, begin_, end_;
  PickleGraph graph_;
  std::vector<PickleRef> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, PickleRef> memo_;
};

/// The opcodes are those of Python's Lib/pickletools.py.
void Unpickler::step(char opcode) {
  switch (opcode) {
    case '\x80':  // PROTO
      if (take<std::uint8_t>() > 5) fail("is of a protocol after 5");
      break;
    case '\x95':  // FRAME
      take<std::uint64_t>();
      break;
    case '(':
      marks_.push_back(stack_.size());
      break;
    case '0':  // POP
      if (!marks_.empty() && marks_.back() == stack_.size())
        marks_.pop_back();
      else
        pop();
      break;
    case '1':
      pop_to_mark();
      break;
    case '2':
      push(top());
      break;
    case 'N':
      make(Kind::None);
      break;
    case '\x88':
      boolean(true);
      break;
    case '\x89':
      boolean(false);
      break;
    case 'I': {
      const std::string_view digits = line();
      digits == "01" || digits == "00" ? boolean(digits == "01") : integer(whole(digits));
      break;
    }
    case 'J':
      integer(take<std::int32_t>());
      break;
    case 'K':
      integer(take<std::uint8_t>());
      break;
    case 'M':
      integer(take<std::uint16_t>());
      break;
    case 'L':
      integer(whole(line()));
      break;
    case '\x8a':  // LONG1
      long_number(text(take<std::uint8_t>()));
      break;
    case '\x8b':  // LONG4
      long_number(text(take<std::uint32_t>()));
      break;
    case 'F':
      line();
      make(Kind::Number);
      break;
    case 'G':
      take<std::uint64_t>();
      make(Kind::Number);
      break;
    case 'S': {
      std::string_view quoted = line();
      if (quoted.size() < 2 || quoted.front() != quoted.back()) fail("has a text without quotes");
      string(Kind::Text, quoted.substr(1, quoted.size() - 2));
      break;
    }
    case 'V':
      string(Kind::Text, line());
      break;
    case 'U':
    case '\x8c':  // SHORT_BINUNICODE
      string(Kind::Text, text(take<std::uint8_t>()));
      break;
    case 'T':
    case 'X':
      string(Kind::Text, text(take<std::uint32_t>()));
      break;
    case '\x8d':  // BINUNICODE8
      string(Kind::Text, text(take<std::uint64_t>()));
      break;
    case 'C':
      string(Kind::Bytes, text(take<std::uint8_t>()));
      break;
    case 'B':
      string(Kind::Bytes, text(take<std::uint32_t>()));
      break;
    case '\x8e':  // BINBYTES8
    case '\x96':  // BYTEARRAY8
      string(Kind::Bytes, text(take<std::uint64_t>()));
      break;
    case ')':
      make(Kind::Tuple);
      break;
    case '\x85':
    case '\x86':
    case '\x87':  // TUPLE1 to TUPLE3
      tuple(std::size_t(std::uint8_t(opcode) - 0x84));
      break;
    case 't':
      collection(Kind::Tuple, pop_to_mark());
      break;
    case ']':
      make(Kind::List);
      break;
    case 'l':
      collection(Kind::List, pop_to_mark());
      break;
    case '}':
      make(Kind::Dict);
      break;
    case 'd': {
      const auto items = pop_to_mark();
      make(Kind::Dict);
      put_items(items, true);
      break;
    }
    case '\x8f':  // EMPTY_SET
      make(Kind::Set);
      break;
    case '\x91':  // FROZENSET
      collection(Kind::Set, pop_to_mark());
      break;
    case 'a': {
      const PickleRef item = pop();
      put_items({item}, false);
      break;
    }
    case 'e':
    case '\x90':  // ADDITEMS
      put_items(pop_to_mark(), false);
      break;
    case 's': {
      const PickleRef value = pop(), key = pop();
      put_items({key, value}, true);
      break;
    }
    case 'u':
      put_items(pop_to_mark(), true);
      break;
    case 'c': {
      const std::string_view module = line();
      global(module, line());
      break;
    }
    case '\x93': {  // STACK_GLOBAL
      const PickleValue name = graph_[pop()], module = graph_[pop()];
      if (name.kind != Kind::Text || module.kind != Kind::Text) fail("names a class by what is no text");
      global(module.text, name.text);
      break;
    }
    case 'R':
    case '\x81': {  // NEWOBJ
      const PickleRef arguments = pop(), callee = pop();
      object(callee, arguments);
      break;
    }
    case '\x92': {  // NEWOBJ_EX
      pop();
      const PickleRef arguments = pop(), callee = pop();
      object(callee, arguments);
      break;
    }
    case 'i': {
      const std::string_view module = line();
      auto items = pop_to_mark();
      global(module, line());
      const PickleRef callee = pop();
      collection(Kind::Tuple, std::move(items));
      const PickleRef arguments = pop();
      object(callee, arguments);
      break;
    }
    case 'o': {
      auto items = pop_to_mark();
      if (items.empty()) fail("makes an object of no class");
      const PickleRef callee = items.front();
      items.erase(items.begin());
      collection(Kind::Tuple, std::move(items));
      const PickleRef arguments = pop();
      object(callee, arguments);
      break;
    }
    case 'b': {
      const PickleRef state = pop();
      PickleValue& value = graph_.values[top()];
      if (value.kind == Kind::Object) value.state = state;
      break;
    }
    case 'P':
      string(Kind::Text, line());
      [[fallthrough]];
    case 'Q': {
      const PickleRef id = pop();
      make(Kind::PersistentId).arguments = id;
      break;
    }
    case 'p':
      remember(std::uint64_t(whole(line())));
      break;
    case 'q':
      remember(take<std::uint8_t>());
      break;
    case 'r':
      remember(take<std::uint32_t>());
      break;
    case '\x94':  // MEMOIZE
      remember(memo_.size());
      break;
    case 'g':
      recall(std::uint64_t(whole(line())));
      break;
    case 'h':
      recall(take<std::uint8_t>());
      break;
    case 'j':
      recall(take<std::uint32_t>());
      break;
    default:
      fail(fmt::format("has the opcode 0x{:02x}, which is not allowed", std::uint8_t(opcode)));
  }
}

}  // namespace

PickleGraph read_pickle(const WeightsSource& source, std::size_t begin, std::size_t end) {
  return Unpickler(source, begin, end).read();
}

}  // namespace cambium
