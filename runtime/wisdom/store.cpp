#include "runtime/wisdom/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "runtime/jit/environment.h"
#include "runtime/wisdom/entry_line.h"
#include "runtime/wisdom/line_file.h"
#include "runtime/wisdom/shipped_wisdom.h"

namespace mlffgen::wisdom {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".jsonl";

std::string quoted(const std::string& path) { return quote(path, path.size() * 4); }

// Takes the lines of one file; what is wrong with them is told once.
void take(const std::vector<Line>& lines, const std::string& file, Reading& reading) {
  std::string first_damage;
  int damaged = 0, foreign = 0;
  for (const Line& line : lines) {
    try {
      auto entry = read_entry(line.text);
      entry ? reading.entries.push_back(std::move(*entry)) : void(++foreign);
    } catch (const DamagedLine& error) {
      if (damaged++ == 0) first_damage = fmt::format("{}:{}: the line {}", quoted(file), line.number, error.what());
    }
  }
  if (damaged > 0) {
    reading.warnings.push_back(fmt::format("{}; {} left out", first_damage,
                                           damaged == 1 ? "it is" : fmt::format("{} such lines are", damaged)));
  }
  if (foreign > 0) {
    reading.notes.push_back(fmt::format("{}: {} of other versions of mlffgen left out", quoted(file),
                                        foreign == 1 ? "one entry" : fmt::format("{} entries", foreign)));
  }
}

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == kEnding) files.push_back(it->path());
  }
  if (error) throw UserError(fmt::format("cannot list {}: {}", quoted(folder.string()), error.message()));
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<Line> split(std::string_view text) {
  std::vector<Line> lines;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.push_back({number, std::string(text.substr(0, end))});
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

fs::path environment_folder() {
  if (const auto folder = jit::environment_variable(jit::kWisdomFolderVariable)) return *folder;
  const auto xdg = jit::environment_variable("XDG_DATA_HOME");
  // The XDG specification asks to ignore a relative path.
  if (xdg && xdg->starts_with("/")) return fs::path(*xdg) / "mlffgen" / "wisdom";
  const auto home = jit::environment_variable("HOME");
  return home ? fs::path(*home) / ".local" / "share" / "mlffgen" / "wisdom" : fs::path();
}

Reading Store::read() const {
  Reading reading;
  std::error_code ignored;
  if (folder_.empty() || !fs::exists(folder_, ignored)) return reading;
  try {
    check_folder(folder_);
    for (const fs::path& file : files_of(folder_)) {
      try {
        take(read_lines(file), file.string(), reading);
      } catch (const UserError& error) {
        reading.warnings.emplace_back(error.what());
      }
    }
  } catch (const UserError& error) {
    reading.warnings.emplace_back(error.what());
  }
  return reading;
}

void Store::make() const {
  if (folder_.empty()) throw UserError("there is no home folder: name a folder for wisdom in MLFFGEN_WISDOM_DIR");
  make_folder(folder_);
}

void Store::add(const WisdomEntry& entry) const {
  make();
  append_line(folder_ / (slug(entry.key.gpu) + std::string(kEnding)), write_entry(entry), Durability::machine);
}

Reading shipped() {
  Reading reading;
  for (const auto& [file, text] : embedded::shipped_wisdom()) take(split(text), std::string(file), reading);
  return reading;
}

std::string slug(std::string_view text) {
  std::string name;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (std::isalnum(byte) != 0 && byte < 128) {
      name += static_cast<char>(std::tolower(byte));
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  while (name.ends_with('-')) name.pop_back();
  return name.empty() ? "gpu" : name;
}

}  // namespace mlffgen::wisdom
