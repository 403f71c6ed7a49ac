#include "runtime/cache/settings.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "runtime/jit/environment.h"

namespace mlffgen::cache {

namespace {

std::filesystem::path environment_folder() {
  if (const auto folder = jit::environment_variable(jit::kCacheFolderVariable)) return *folder;
  const auto xdg = jit::environment_variable("XDG_CACHE_HOME");
  // The XDG specification asks to ignore a relative path.
  if (xdg && xdg->starts_with("/")) return std::filesystem::path(*xdg) / "mlffgen";
  if (const auto home = jit::environment_variable("HOME")) return std::filesystem::path(*home) / ".cache" / "mlffgen";
  return {};
}

}  // namespace

Settings environment_settings() {
  Settings settings;
  settings.folder = environment_folder();
  const auto size = jit::environment_variable(jit::kCacheSizeVariable);
  if (size) settings.disk_bytes = parse_size(*size, jit::kCacheSizeVariable);
  return settings;
}

std::uint64_t parse_size(const std::string& text, const std::string& what) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [unit, error] = std::from_chars(text.data(), end, value);
  unsigned shift = 0;
  bool known = error == std::errc() && end - unit <= 1;
  if (known && unit != end) {
    constexpr std::string_view kUnits = "KMGT";
    const std::size_t place = kUnits.find(*unit);
    known = place != std::string_view::npos;
    if (known) shift = 10 * (static_cast<unsigned>(place) + 1);
  }
  if (!known || value > (std::numeric_limits<std::uint64_t>::max() >> shift)) {
    throw UserError(fmt::format("{}: expected a size such as 512M or 2G (0: nothing), not {}", what, quote(text)));
  }
  return value << shift;
}

}  // namespace mlffgen::cache
