#include "runtime/jit/cubin_elf.h"

#include <elf.h>

#include <cstring>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mlffgen::jit {
namespace {

template <typename T>
T read_at(std::span<const std::byte> bytes, std::size_t offset) {
  internal_check(offset <= bytes.size() && sizeof(T) <= bytes.size() - offset, "the cubin is cut short");
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

std::string_view text_at(std::span<const std::byte> bytes, std::size_t offset) {
  internal_check(offset < bytes.size(), "the cubin is cut short");
  const char* text = reinterpret_cast<const char*>(bytes.data() + offset);
  return {text, strnlen(text, bytes.size() - offset)};
}

// ".nv.constant0.phase_0", whatever the bank.
bool is_constant_bank(std::string_view section, const std::string& kernel) {
  constexpr std::string_view kPrefix = ".nv.constant";
  if (!section.starts_with(kPrefix)) return false;
  section.remove_prefix(kPrefix.size());
  const std::size_t dot = section.find('.');
  return dot != std::string_view::npos && section.substr(dot + 1) == kernel;
}

}  // namespace

int kernel_constant_bytes(std::span<const std::byte> cubin, const std::string& kernel) {
  const auto header = read_at<Elf64_Ehdr>(cubin, 0);
  internal_check(std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS64 &&
                     header.e_shentsize == sizeof(Elf64_Shdr),
                 "the cubin is not a 64-bit ELF file");
  std::vector<Elf64_Shdr> sections;
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    sections.push_back(read_at<Elf64_Shdr>(cubin, header.e_shoff + i * sizeof(Elf64_Shdr)));
  }
  internal_check(header.e_shstrndx < sections.size(), "the cubin has no section names");
  const std::size_t names = sections[header.e_shstrndx].sh_offset;
  std::size_t bytes = 0;
  for (const Elf64_Shdr& section : sections) {
    if (is_constant_bank(text_at(cubin, names + section.sh_name), kernel)) bytes += section.sh_size;
  }
  return static_cast<int>(bytes);
}

}  // namespace mlffgen::jit
