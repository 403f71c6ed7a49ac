// Whole files in and out. Every failure is a UserError that names the path and the system's reason.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlffgen {

inline constexpr std::uint64_t kMaxBinaryFileBytes = std::uint64_t{4} << 30;

// The bytes of a file; refuses directories and files of more than max_bytes (which a growing file or a device cannot
// get around: reading stops there).
std::string read_text_file(const std::filesystem::path& path, std::uint64_t max_bytes);
std::vector<char> read_binary_file(const std::filesystem::path& path, std::uint64_t max_bytes = kMaxBinaryFileBytes);

// Writes a temporary file next to path, syncs it and renames it, so that no reader ever sees half a file and a crash
// leaves the old one. The folder must exist. The file gets `mode`, or without it what the umask leaves of 0666.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes,
                           std::optional<unsigned> mode = std::nullopt);

}  // namespace mlffgen
