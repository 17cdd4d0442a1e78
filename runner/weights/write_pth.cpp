#include <fmt/format.h>
#include <zlib.h>

#include <cstring>

#include "cambium/error.h"
#include "cambium/files.h"
#include "weights/source.h"
#include "weights/write.h"

namespace cambium {
namespace {

constexpr std::string_view kRoot = "archive/";
constexpr std::size_t kAlignment = 64;

template <class T>
void put(std::string& into, T value) {
  into.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string_view storage_class(ElementType type) {
  switch (type) {
    case ElementType::F64:
      return "DoubleStorage";
    case ElementType::F32:
      return "FloatStorage";
    case ElementType::F16:
      return "HalfStorage";
    case ElementType::BF16:
      return "BFloat16Storage";
    case ElementType::I64:
      return "LongStorage";
    case ElementType::I32:
      return "IntStorage";
    case ElementType::I16:
      return "ShortStorage";
    case ElementType::I8:
      return "CharStorage";
    case ElementType::U8:
      return "ByteStorage";
    case ElementType::Bool:
      return "BoolStorage";
  }
  return "";
}

/// A pickle of protocol 2: OrderedDict of name -> torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, False,
/// OrderedDict()).
class Pickle {
 public:
  explicit Pickle(const std::vector<TensorBytes>& tensors) {
    text_ =
        "\x80\x02"
        "ccollections\nOrderedDict\n)R(";
    for (std::size_t i = 0; i < tensors.size(); ++i) tensor(tensors[i], i);
    text_ += "u.";
  }
  const std::string& text() const { return text_; }

 private:
  void unicode(std::string_view text) {
    text_ += 'X';
    put(text_, std::uint32_t(text.size()));
    text_ += text;
  }
  void integer(std::int64_t value) {
    text_ += "\x8a\x08";
    put(text_, value);
  }
  void tuple(const std::vector<std::int64_t>& values) {
    text_ += '(';
    for (std::int64_t value : values) integer(value);
    text_ += 't';
  }
  void tensor(const TensorBytes& tensor, std::size_t key) {
    unicode(tensor.name);
    text_ += "ctorch._utils\n_rebuild_tensor_v2\n((";
    unicode("storage");
    text_ += fmt::format("ctorch\n{}\n", storage_class(tensor.type));
    unicode(fmt::format("{}", key));
    unicode("cpu");
    integer(std::int64_t(tensor.bytes.size() / element_size(tensor.type)));
    text_ += "tQ";
    integer(0);
    tuple(tensor.shape);
    tuple(contiguous_strides(tensor.shape));
    text_ +=
        "\x89"
        "ccollections\nOrderedDict\n)RtR";
  }

  std::string text_;
};

/// A zip whose members are stored as they are, as PyTorchStreamWriter does it (APPNOTE.TXT 4.3.7 to 4.3.16).
class Zip {
 public:
  void add(const std::string& name, std::span<const std::uint8_t> bytes) {
    const std::size_t offset = file_.size();
    if (offset + bytes.size() > 0xfffffff0u || members_ == 0xfffe)
      throw Error(ErrorKind::Data, "the network has more than 4 GiB or 65,000 tensors, too much for a .pth by Cambium",
                  "export it as safetensors");
    constexpr std::size_t kLocalSize = 30, kExtraSize = 4;
    const std::size_t unpadded = offset + kLocalSize + name.size() + kExtraSize;
    const std::size_t padding = (kAlignment - unpadded % kAlignment) % kAlignment;
    std::string fields;                                                       // what local and central header share
    for (int value : {20, 0, 0, 0, 0x21}) put(fields, std::uint16_t(value));  // version, flags, stored, 1980-01-01
    put(fields, std::uint32_t(::crc32_z(0, bytes.data(), bytes.size())));
    put(fields, std::uint32_t(bytes.size()));
    put(fields, std::uint32_t(bytes.size()));
    put(fields, std::uint16_t(name.size()));

    std::string local;
    put(local, std::uint32_t(0x04034b50));
    local += fields;
    put(local, std::uint16_t(kExtraSize + padding));
    local += name;
    local += "FB";
    put(local, std::uint16_t(padding));
    local.append(padding, 'Z');
    file_.insert(file_.end(), local.begin(), local.end());
    file_.insert(file_.end(), bytes.begin(), bytes.end());

    put(directory_, std::uint32_t(0x02014b50));
    put(directory_, std::uint16_t(0));
    directory_ += fields;
    for (int i = 0; i < 4; ++i) put(directory_, std::uint16_t(0));  // extra, comment, disk, attributes
    put(directory_, std::uint32_t(0));
    put(directory_, std::uint32_t(offset));
    directory_ += name;
    ++members_;
  }

  std::vector<std::uint8_t> finish() {
    std::string end = directory_;
    put(end, std::uint32_t(0x06054b50));
    for (std::uint16_t value : {std::uint16_t(0), std::uint16_t(0), members_, members_}) put(end, value);
    put(end, std::uint32_t(directory_.size()));
    put(end, std::uint32_t(file_.size()));
    put(end, std::uint16_t(0));
    file_.insert(file_.end(), end.begin(), end.end());
    return std::move(file_);
  }

 private:
  std::vector<std::uint8_t> file_;
  std::string directory_;
  std::uint16_t members_ = 0;
};

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

std::string write_pth(const std::filesystem::path& path, const std::vector<TensorBytes>& tensors) {
  Zip zip;
  const Pickle pickle(tensors);
  zip.add(std::string(kRoot) + "data.pkl", bytes_of(pickle.text()));
  for (std::size_t i = 0; i < tensors.size(); ++i) zip.add(fmt::format("{}data/{}", kRoot, i), tensors[i].bytes);
  zip.add(std::string(kRoot) + "version", bytes_of("3\n"));
  const auto bytes = zip.finish();
  write_file(path, bytes);
  return Sha256().add(bytes).hex();
}

}  // namespace cambium
