// The compiled model as one file (model.mlff): named byte sections, each with a checksum (docs/bundle_format.md).
//
// Opening checks the whole file, bytes between sections included: a Bundle in hand is exactly what was written. Every
// defect is a UserError that names the file and what to do. The checksums find damage, not malice: a model contains
// native code, so open only files that you trust.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlffgen::runtime {

inline constexpr std::uint32_t kBundleSchema = 1;
inline constexpr std::size_t kMaxSectionName = 63;
inline constexpr std::size_t kMaxSections = 4096;

struct BundleSection {
  std::string name;   // printable ASCII, 1 to kMaxSectionName characters, unique in its bundle
  std::string bytes;  // text or binary
};

class Bundle {
 public:
  static Bundle open(const std::filesystem::path& path);
  // As open, from the bytes of a file; name stands for the file in messages.
  static Bundle parse(std::vector<char> bytes, const std::string& name);

  // Replaces the file at path in one step. The same sections give the same bytes.
  static void write(const std::filesystem::path& path, const std::vector<BundleSection>& sections);
  static std::string serialise(const std::vector<BundleSection>& sections);

  const std::string& path() const { return path_; }
  std::vector<std::string> names() const;  // in the order of the file
  bool has(std::string_view name) const;

  // Views into this bundle, valid while it lives. Throw UserError for a section that is not there.
  std::span<const std::byte> bytes(std::string_view name) const;
  std::string_view text(std::string_view name) const;

 private:
  struct Entry {
    std::string name;
    std::size_t offset = 0, size = 0;
  };
  const Entry* find(std::string_view name) const;

  std::string path_;
  std::vector<char> data_;
  std::vector<Entry> entries_;
};

}  // namespace mlffgen::runtime
