#include "runtime/bundle.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/text.h"

namespace mlffgen::runtime {
namespace {

// As PNG's signature: the first byte shows a transfer that strips the eighth bit, "\r\n" one that changes line ends.
constexpr std::string_view kMagic{"\x89MLF\r\n\x1a\n", 8};
constexpr std::size_t kHeaderBytes = 64;
constexpr std::size_t kHashedHeaderBytes = 56;
constexpr std::size_t kEntryBytes = 96;
constexpr std::size_t kAlignment = 64;
constexpr std::size_t kNameBytes = kMaxSectionName + 1;

std::size_t align_up(std::size_t value) { return (value + kAlignment - 1) / kAlignment * kAlignment; }

std::uint64_t checksum(std::string_view bytes) {
  const std::string hex = hash64_hex(bytes);
  std::uint64_t value = 0;
  std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
  return value;
}

template <class Integer>
void put(std::string& out, std::size_t at, Integer value) {
  for (std::size_t k = 0; k < sizeof(Integer); ++k) out[at + k] = static_cast<char>((value >> (8 * k)) & 0xff);
}

template <class Integer>
Integer get(std::string_view in, std::size_t at) {
  Integer value = 0;
  for (std::size_t k = 0; k < sizeof(Integer); ++k) {
    value |= static_cast<Integer>(static_cast<unsigned char>(in[at + k])) << (8 * k);
  }
  return value;
}

bool all_zero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

bool valid_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxSectionName && is_printable_ascii(name);
}

struct RawEntry {
  std::string name;
  std::uint64_t offset, size, checksum;
};

// Reads a file front to back; each step checks what the next one relies on.
class BundleReader {
 public:
  BundleReader(std::string_view data, const std::string& path) : data_(data), path_(path) {}

  std::vector<RawEntry> read() {
    check_header();
    std::vector<RawEntry> entries;
    std::set<std::string> names;
    for (std::size_t k = 0; k < count_; ++k) {
      entries.push_back(read_entry(k));
      if (!names.insert(entries.back().name).second) {
        damaged(fmt::format("section {} occurs twice", quote(entries.back().name)));
      }
    }
    check_layout(entries);
    return entries;
  }

 private:
  [[noreturn]] void damaged(const std::string& what) const {
    throw UserError(fmt::format(
        "{}: damaged model file: {}; copy the file again (in binary mode), or compile the model again", path_, what));
  }

  void check_header() {
    const auto magic = data_.substr(0, kMagic.size());
    if (data_.empty() || magic != kMagic.substr(0, magic.size())) {
      throw UserError(
          fmt::format("{}: not a compiled model (its first bytes are not those of a .mlff file); make one with "
                      "'mlffgen compile'",
                      path_));
    }
    if (data_.size() < kHeaderBytes) {
      damaged(fmt::format("it ends after {} bytes, within its header", data_.size()));
    }
    if (get<std::uint64_t>(data_, kHashedHeaderBytes) != checksum(data_.substr(0, kHashedHeaderBytes))) {
      damaged("the header does not match its checksum");
    }
    const auto schema = get<std::uint32_t>(data_, 8);
    if (schema != kBundleSchema) {
      throw UserError(fmt::format(
          "{}: the file has bundle schema {}, but this mlffgen reads schema {}; {}", path_, schema, kBundleSchema,
          schema > kBundleSchema ? "install a newer mlffgen, or compile the model again with this one"
                                 : "compile the model again"));
    }
    count_ = get<std::uint32_t>(data_, 12);
    if (count_ > kMaxSections) damaged(fmt::format("{} sections, more than {}", count_, kMaxSections));
    const auto file_size = get<std::uint64_t>(data_, 16);
    if (file_size != data_.size()) {
      damaged(fmt::format("it has {} bytes and should have {}", data_.size(), file_size));
    }
    if (!all_zero(data_.substr(32, kHashedHeaderBytes - 32))) damaged("reserved header bytes are not zero");
    table_end_ = kHeaderBytes + count_ * kEntryBytes;
    if (table_end_ > data_.size()) damaged("it ends within its section table");
    if (get<std::uint64_t>(data_, 24) != checksum(data_.substr(kHeaderBytes, table_end_ - kHeaderBytes))) {
      damaged("the section table does not match its checksum");
    }
  }

  RawEntry read_entry(std::size_t index) const {
    const auto raw = data_.substr(kHeaderBytes + index * kEntryBytes, kEntryBytes);
    const auto field = raw.substr(0, kNameBytes);
    const auto name = field.substr(0, std::min(field.find('\0'), field.size()));
    if (!valid_name(name) || !all_zero(field.substr(name.size())) || !all_zero(raw.substr(88))) {
      damaged(fmt::format("entry {} of the section table is not valid", index));
    }
    return {std::string(name), get<std::uint64_t>(raw, 64), get<std::uint64_t>(raw, 72), get<std::uint64_t>(raw, 80)};
  }

  // Sections follow each other in the table's order, each at the next multiple of 64 bytes, and the last one ends the
  // file: no byte is outside a section or a checked gap.
  void check_layout(const std::vector<RawEntry>& entries) const {
    std::size_t end = table_end_;
    for (const auto& entry : entries) {
      if (entry.offset < end) damaged(fmt::format("section {} overlaps what precedes it", quote(entry.name)));
      if (entry.offset > data_.size() || entry.size > data_.size() - entry.offset) {
        damaged(fmt::format("section {} reaches beyond the end of the file", quote(entry.name)));
      }
      if (entry.offset != align_up(end) || !all_zero(data_.substr(end, entry.offset - end))) {
        damaged(fmt::format("the bytes before section {} are not valid", quote(entry.name)));
      }
      if (checksum(data_.substr(entry.offset, entry.size)) != entry.checksum) {
        damaged(fmt::format("section {} does not match its checksum", quote(entry.name)));
      }
      end = entry.offset + entry.size;
    }
    if (end != data_.size()) damaged(fmt::format("{} bytes follow its last section", data_.size() - end));
  }

  std::string_view data_;
  const std::string& path_;
  std::size_t count_ = 0;
  std::size_t table_end_ = 0;
};

void check_sections(const std::vector<BundleSection>& sections) {
  internal_check(sections.size() <= kMaxSections, "too many sections for a bundle");
  std::set<std::string> names;
  for (const auto& section : sections) {
    internal_check(valid_name(section.name), "a bundle section's name must have 1 to 63 printable characters");
    internal_check(names.insert(section.name).second, "two bundle sections have the same name");
  }
}

}  // namespace

std::string Bundle::serialise(const std::vector<BundleSection>& sections) {
  check_sections(sections);
  const std::size_t table_end = kHeaderBytes + sections.size() * kEntryBytes;
  std::string out(table_end, '\0');
  for (std::size_t k = 0; k < sections.size(); ++k) {
    const auto& section = sections[k];
    out.resize(align_up(out.size()), '\0');
    const std::size_t at = kHeaderBytes + k * kEntryBytes;
    std::copy(section.name.begin(), section.name.end(), out.begin() + static_cast<std::ptrdiff_t>(at));
    put<std::uint64_t>(out, at + 64, out.size());
    put<std::uint64_t>(out, at + 72, section.bytes.size());
    put<std::uint64_t>(out, at + 80, checksum(section.bytes));
    out += section.bytes;
  }
  std::copy(kMagic.begin(), kMagic.end(), out.begin());
  put<std::uint32_t>(out, 8, kBundleSchema);
  put<std::uint32_t>(out, 12, static_cast<std::uint32_t>(sections.size()));
  put<std::uint64_t>(out, 16, out.size());
  put<std::uint64_t>(out, 24, checksum(std::string_view(out).substr(kHeaderBytes, table_end - kHeaderBytes)));
  put<std::uint64_t>(out, kHashedHeaderBytes, checksum(std::string_view(out).substr(0, kHashedHeaderBytes)));
  return out;
}

void Bundle::write(const std::filesystem::path& path, const std::vector<BundleSection>& sections) {
  write_file_atomically(path, serialise(sections));
}

Bundle Bundle::open(const std::filesystem::path& path) { return parse(read_binary_file(path), path.string()); }

Bundle Bundle::parse(std::vector<char> bytes, const std::string& name) {
  Bundle bundle;
  bundle.path_ = name;
  bundle.data_ = std::move(bytes);
  BundleReader reader({bundle.data_.data(), bundle.data_.size()}, bundle.path_);
  for (auto& entry : reader.read()) {
    bundle.entries_.push_back({std::move(entry.name), entry.offset, entry.size});
  }
  return bundle;
}

std::vector<std::string> Bundle::names() const {
  std::vector<std::string> result;
  for (const auto& entry : entries_) result.push_back(entry.name);
  return result;
}

const Bundle::Entry* Bundle::find(std::string_view name) const {
  const auto it =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.name == name; });
  return it == entries_.end() ? nullptr : &*it;
}

bool Bundle::has(std::string_view name) const { return find(name) != nullptr; }

std::string_view Bundle::text(std::string_view name) const {
  const Entry* entry = find(name);
  if (!entry) {
    throw UserError(fmt::format("{}: the model has no section {}; it has {}; compile the model again", path_,
                                quote(name), entries_.empty() ? "none" : join(names(), ", ")));
  }
  return {data_.data() + entry->offset, entry->size};
}

std::span<const std::byte> Bundle::bytes(std::string_view name) const {
  const auto view = text(name);
  return std::as_bytes(std::span(view.data(), view.size()));
}

}  // namespace mlffgen::runtime
