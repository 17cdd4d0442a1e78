// Files made to do harm: each is refused, by name, and costs neither memory nor time.

#include <sys/resource.h>
#include <zlib.h>

#include <cstring>

#include "support.h"
#include "weights/index.h"

namespace cambium::test {
namespace {

using ::testing::HasSubstr;

template <class T>
std::string raw(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

struct Member {
  std::string name, bytes;
  std::uint16_t method = 0;
  std::uint32_t size = ~0u;    ///< what the directory says; ~0: the truth
  std::uint32_t offset = ~0u;  ///< likewise
};

/// A zip, byte by byte.
std::string zip(const std::vector<Member>& members) {
  std::string file, directory;
  for (const Member& member : members) {
    const auto offset = std::uint32_t(file.size()), there = std::uint32_t(member.bytes.size());
    const std::uint32_t size = member.size == ~0u ? there : member.size;
    const std::string fields = raw(std::uint16_t(20)) + raw(std::uint16_t(0)) + raw(member.method) + raw(0) + raw(0) +
                               raw(member.method == 0 ? size : there) + raw(size) +
                               raw(std::uint16_t(member.name.size())) + raw(std::uint16_t(0));
    file += raw(0x04034b50u) + fields + member.name + member.bytes;
    directory += raw(0x02014b50u) + raw(std::uint16_t(0)) + fields + std::string(10, '\0') +
                 raw(member.offset == ~0u ? offset : member.offset) + member.name;
  }
  const auto count = std::uint16_t(members.size());
  return file + directory + raw(0x06054b50u) + raw(0) + raw(count) + raw(count) + raw(std::uint32_t(directory.size())) +
         raw(std::uint32_t(file.size())) + raw(std::uint16_t(0));
}

std::string text(const std::string& value) { return "X" + raw(std::uint32_t(value.size())) + value; }
std::string number(std::int64_t value) { return "\x8a\x08" + raw(value); }

/// A float tensor, as torch.save writes it.
std::string tensor(std::int64_t count, std::int64_t offset, const std::vector<std::int64_t>& shape,
                   const std::vector<std::int64_t>& strides, const std::string& key = "0") {
  std::string pickle = "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\nFloatStorage\n" +
                       text(key) + text("cpu") + number(count) + "tQ" + number(offset) + "(";
  for (std::int64_t extent : shape) pickle += number(extent);
  pickle += "t(";
  for (std::int64_t stride : strides) pickle += number(stride);
  return pickle + "t\x89}tR";
}

std::string dict(const std::string& items) { return "\x80\x02}(" + items + "u."; }

std::string archive(const std::string& pickle, const std::string& data = std::string(16, '\0')) {
  return zip({{"a/data.pkl", pickle}, {"a/data/0", data}});
}

std::string refusal(const std::string& file) {
  const std::vector<std::uint8_t> bytes(file.begin(), file.end());
  return refusal_of("x.pth", [&] { index_weights("x.pth", bytes); });
}

std::string of_tensor(const std::string& pickle) { return refusal(archive(dict(text("conv.weight") + pickle))); }

TEST(Hostile, AnHonestFileByTheSameHandIsRead) {
  EXPECT_EQ(of_tensor(tensor(4, 0, {2, 2}, {2, 1})), "no error");
  EXPECT_EQ(of_tensor(tensor(4, 1, {3}, {1})), "no error");
}

TEST(Hostile, RunsNothing) {
  const auto marker = std::filesystem::temp_directory_path() / "cambium-hostile-ran";
  std::filesystem::remove(marker);
  const std::string command = text("touch " + marker.string());
  for (const std::string& call :
       {"cposix\nsystem\n(" + command + "tR", "cos\nsystem\n" + command + "\x85R", "(" + command + "ios\nsystem\n",
        text("os") + text("system") + "\x93" + command + "\x85R", "csubprocess\nPopen\n(" + command + "tR"})
    EXPECT_THAT(refusal(archive(dict(text("w") + tensor(4, 0, {4}, {1}) + text("x") + call))),
                ::testing::AnyOf(HasSubstr("would call posix.system"), HasSubstr("would call os.system"),
                                 HasSubstr("would call subprocess.Popen")));
  EXPECT_THAT(of_tensor("cbuiltins\neval\n(" + text("1") + "tR"), HasSubstr("would call builtins.eval"));
  EXPECT_THAT(of_tensor("ccommands\ngetoutput\n(" + text("1") + "tR"), HasSubstr("would call commands.getoutput"));
  // What is merely unknown is left alone, uncalled.
  const std::string file = archive(dict(text("w") + tensor(4, 0, {4}, {1}) + text("x") + "cmy.code\nrun\n)R"));
  const WeightsIndex index = index_weights("x", std::vector<std::uint8_t>(file.begin(), file.end()));
  EXPECT_EQ(index.tensors.size(), 1u);
  EXPECT_THAT(index.opaque, ::testing::ElementsAre("x"));
  for (const char* own : {"code\nNet", "commands.nets\nrun", "requests.models\nNet", "asyncio\nTimeout"})
    EXPECT_EQ(refusal(archive(dict(text("w") + tensor(4, 0, {4}, {1}) + text("x") + "c" + own + "\n)R"))), "no error")
        << own;
  EXPECT_FALSE(std::filesystem::exists(marker));
}

TEST(Hostile, BelievesNoTensor) {
  EXPECT_THAT(of_tensor(tensor(4, 0, {5}, {1})), HasSubstr("lets tensor conv.weight reach past its storage 0"));
  EXPECT_THAT(of_tensor(tensor(4, 4, {1}, {1})), HasSubstr("conv.weight reach past"));
  EXPECT_THAT(of_tensor(tensor(4, 0, {2, 2}, {3, 1})), HasSubstr("conv.weight reach past"));
  EXPECT_THAT(of_tensor(tensor(4, -1, {2}, {1})), HasSubstr("conv.weight reach past"));
  EXPECT_THAT(of_tensor(tensor(4, INT64_MAX, {1}, {1})), HasSubstr("conv.weight reach past"));
  EXPECT_THAT(of_tensor(tensor(4, 0, {-1}, {1})), HasSubstr("conv.weight an extent below 0"));
  EXPECT_THAT(of_tensor(tensor(4, 0, {2}, {-1})), HasSubstr("conv.weight a stride below 0"));
  EXPECT_THAT(of_tensor(tensor(4, 0, {2, 2}, {1})), HasSubstr("conv.weight 2 extents and 1 strides"));
  EXPECT_THAT(of_tensor(tensor(4, 0, {INT64_MAX, INT64_MAX}, {1, 1})), HasSubstr("conv.weight a size that cannot be"));
  EXPECT_THAT(of_tensor(tensor(4, 0, {2, 2}, {INT64_MAX, INT64_MAX})), HasSubstr("conv.weight a size that cannot be"));
  EXPECT_THAT(of_tensor(tensor(4, 0, {0, INT64_MAX, INT64_MAX}, {1, 1, 1})), HasSubstr("a size that cannot be"));
  EXPECT_THAT(of_tensor(tensor(5, 0, {5}, {1})), HasSubstr("16 bytes in a/data/0, and tensor conv.weight"));
  EXPECT_THAT(of_tensor(tensor(-4, 0, {4}, {1})), HasSubstr("-4 numbers"));
  EXPECT_THAT(of_tensor(tensor(4, 0, {4}, {1}, "7")), HasSubstr("lacks a/data/7, of which tensor conv.weight"));
}

TEST(Hostile, UnfoldsNothingWithoutEnd) {
  EXPECT_THAT(of_tensor(tensor(4, 0, {1 << 20, 1 << 20}, {0, 0})), HasSubstr("conv.weight"));
  EXPECT_THAT(of_tensor(tensor(4, 0, {1 << 20}, {0})), HasSubstr("unfolds to far more than it holds"));
  std::string items;
  for (int i = 0; i < 2000; ++i)
    items += text("w" + std::to_string(i)) + (i == 0 ? tensor(4, 0, {1 << 10}, {0}) + "q\x01" : "h\x01");
  EXPECT_THAT(refusal(archive(dict(items))), HasSubstr("unfolds to far more than it holds"));
}

TEST(Hostile, BelievesNoZip) {
  const std::string good = dict(text("w") + tensor(4, 0, {4}, {1}));
  const std::string data(16, '\0');
  const std::vector<Member> members = {{"a/data.pkl", good}, {"a/data/0", data}};
  const auto with = [&](auto change) {
    std::vector<Member> changed = members;
    change(changed);
    return refusal(zip(changed));
  };
  EXPECT_EQ(refusal(zip(members)), "no error");
  EXPECT_THAT(with([](auto& m) { m[1].size = 1 << 20; }), HasSubstr("a/data/0 reach past the end"));
  EXPECT_THAT(with([](auto& m) { m[1].offset = 1 << 20; }), HasSubstr("a/data/0 where none is"));
  EXPECT_THAT(with([](auto& m) { m[1].offset = 3; }), HasSubstr("a/data/0 where none is"));
  EXPECT_THAT(with([](auto& m) { m[1].offset = 0; }), HasSubstr("overlap"));
  EXPECT_THAT(with([](auto& m) { m[1].name = "a/data.pkl"; }), HasSubstr("two members called a/data.pkl"));
  EXPECT_THAT(with([](auto& m) { m.erase(m.begin()); }), HasSubstr("without the data.pkl"));
  // Packed members are never unpacked: a bomb stays folded.
  std::string bomb(1 << 16, '\0');
  uLongf packed = compressBound(1 << 24);
  std::string zeros(1 << 24, '\0');
  bomb.resize(packed);
  compress(reinterpret_cast<Bytef*>(bomb.data()), &packed, reinterpret_cast<const Bytef*>(zeros.data()), 1 << 24);
  bomb.resize(packed);
  for (std::size_t at : {0, 1})
    EXPECT_THAT(with([&](auto& m) {
                  m[at] = {m[at].name, bomb, 8, 1u << 30};
                }),
                HasSubstr(members[at].name + " compressed"));
}

TEST(Hostile, BelievesNoPickle) {
  const auto pickle = [](const std::string& body) { return refusal(archive("\x80\x02" + body)); };
  EXPECT_THAT(pickle(""), HasSubstr("cut short"));
  EXPECT_THAT(pickle("."), HasSubstr("empty stack"));
  EXPECT_THAT(pickle("(."), HasSubstr("empty stack"));
  EXPECT_THAT(pickle("t."), HasSubstr("mark that was not set"));
  EXPECT_THAT(pickle("h\x05."), HasSubstr("recalls value 5"));
  EXPECT_THAT(pickle("X\xff\xff\xff\xff."), HasSubstr("cut short"));
  EXPECT_THAT(pickle("\x8d\xff\xff\xff\xff\xff\xff\xff\xff."), HasSubstr("cut short"));
  EXPECT_THAT(pickle("NN"
                     "s."),
              HasSubstr("empty stack"));
  EXPECT_THAT(pickle("NNNs."), HasSubstr("holds none"));
  EXPECT_THAT(pickle("}(Nu."), HasSubstr("a key without a value"));
  EXPECT_THAT(pickle("\x82\x01."), HasSubstr("opcode 0x82"));
  EXPECT_THAT(refusal(archive("\x80\x09}.")), HasSubstr("protocol after 5"));
  EXPECT_THAT(pickle("}."), HasSubstr("no named tensors"));
}

TEST(Hostile, NestsAndRefersWithoutHarm) {
  // A dictionary that holds itself.
  EXPECT_THAT(refusal(archive("\x80\x02}q\x01" + text("state_dict") + "h\x01s.")), HasSubstr("no named tensors"));
  // Lists in lists, a million deep.
  std::string deep(1'000'000, ']');
  EXPECT_THAT(refusal(archive("\x80\x02" + deep + std::string(999'999, 'a') + ".")), HasSubstr("a list"));
  // Each module holds the next one twice: 2 to the 60th of them by the end.
  std::string modules = "c__torch__\nM\n)\x81}" + text("w") + tensor(4, 0, {4}, {1}) + "sb";
  for (int i = 0; i < 60; ++i)
    modules += "q" + std::string(1, char(i)) + "0c__torch__\nM\n)\x81}(" + text("a") + "h" + char(i) + text("b") + "h" +
               char(i) + "ub";
  EXPECT_THAT(refusal(archive("\x80\x02" + modules + ".")), HasSubstr("without end"));
  // Values on values, until there are too many.
  EXPECT_THAT(refusal(archive("\x80\x02" + std::string(5'000'000, ')'))), HasSubstr("values"));
  EXPECT_THAT(refusal(archive("\x80\x02)" + std::string(5'000'000, '2'))), HasSubstr("values"));
  EXPECT_THAT(refusal(archive("\x80\x02)" + std::string(5'000'000, '\x94'))), HasSubstr("values"));
}

TEST(Hostile, OldFormatBelievesNoStorage) {
  const std::string head = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.";
  const auto file = [&](const std::string& keys, std::int64_t count, std::size_t bytes) {
    return head + dict(text("w") + tensor(4, 0, {4}, {1})) + "\x80\x02](" + keys + "e." + raw(count) +
           std::string(bytes, '\0');
  };
  EXPECT_EQ(refusal(file(text("0"), 4, 16)), "no error");
  EXPECT_THAT(refusal(file(text("0"), 4, 12)), HasSubstr("cut short in storage 0"));
  EXPECT_THAT(refusal(file(text("0"), -4, 16)), HasSubstr("cut short in storage 0"));
  EXPECT_THAT(refusal(file(text("0"), INT64_MAX, 16)), HasSubstr("cut short in storage 0"));
  EXPECT_THAT(refusal(file(text("0"), 3, 12)), HasSubstr("tensor w reach past its storage 0"));
  EXPECT_THAT(refusal(file(text("9"), 4, 16)), HasSubstr("storage 9 of no tensor"));
  EXPECT_THAT(refusal(file("", 4, 16)), HasSubstr("lacks storage 0, of which tensor w"));
}

TEST(Hostile, TellsWhatElseAFileIs) {
  EXPECT_THAT(refusal(""), HasSubstr("is empty"));
  EXPECT_THAT(refusal("<!DOCTYPE html><html>"), HasSubstr("web page"));
  EXPECT_THAT(refusal("version https://git-lfs.github.com/spec/v1\n"), HasSubstr("Git LFS pointer"));
  EXPECT_THAT(refusal("\x1f\x8b\x08..."), HasSubstr("gzip"));
  EXPECT_THAT(refusal("\x80\x04\x95"), HasSubstr("not one by torch.save"));
  EXPECT_THAT(refusal("hello"), HasSubstr("no weights file"));
}

/// The most memory that the tests above took; they ran first in this program.
TEST(HostileAtLast, TookLittleMemory) {
  struct rusage usage {};
  getrusage(RUSAGE_SELF, &usage);
  EXPECT_LT(usage.ru_maxrss, 2'000'000) << "kB";
}

}  // namespace
}  // namespace cambium::test
