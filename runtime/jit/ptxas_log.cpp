#include "runtime/jit/ptxas_log.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace mlffgen::jit {
namespace {

// The number just before `unit`, as in "32 registers".
std::optional<int> number_before(std::string_view line, std::string_view unit) {
  const std::size_t at = line.find(unit);
  if (at == std::string_view::npos) return std::nullopt;
  std::size_t end = at;
  while (end > 0 && line[end - 1] == ' ') --end;
  std::size_t begin = end;
  while (begin > 0 && line[begin - 1] >= '0' && line[begin - 1] <= '9') --begin;
  int value = 0;
  const auto [stop, error] = std::from_chars(line.data() + begin, line.data() + end, value);
  return error == std::errc() && begin < end ? std::optional(value) : std::nullopt;
}

// The text between the first two single quotes after `start`.
std::optional<std::string> quoted_after(std::string_view line, std::string_view start) {
  const std::size_t at = line.find(start);
  if (at == std::string_view::npos) return std::nullopt;
  const std::size_t open = line.find('\'', at);
  const std::size_t close = open == std::string_view::npos ? open : line.find('\'', open + 1);
  if (close == std::string_view::npos) return std::nullopt;
  return std::string(line.substr(open + 1, close - open - 1));
}

// Returns whether the line completes the report.
bool read_line(std::string_view line, KernelReport& report) {
  if (const auto bytes = number_before(line, "bytes stack frame")) report.stack_bytes = *bytes;
  if (const auto bytes = number_before(line, "bytes spill stores")) report.spill_store_bytes = *bytes;
  if (const auto bytes = number_before(line, "bytes spill loads")) report.spill_load_bytes = *bytes;
  const auto registers = number_before(line, "registers");
  if (!registers || line.find("Used ") == std::string_view::npos) return false;
  report.registers = *registers;
  report.barriers = number_before(line, "barriers").value_or(0);
  report.static_shared_bytes = number_before(line, "bytes smem").value_or(0);
  if (const auto bytes = number_before(line, "bytes cumulative stack size")) report.stack_bytes = *bytes;
  return true;
}

}  // namespace

std::vector<KernelReport> parse_ptxas_log(const std::string& log) {
  std::vector<KernelReport> reports;
  std::optional<KernelReport> open;
  const std::string_view text = log;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    if (auto name = quoted_after(line, "Compiling entry function")) {
      open.emplace();
      open->name = std::move(*name);
    } else if (open && read_line(line, *open)) {
      reports.push_back(std::move(*open));
      open.reset();
    }
  }
  std::sort(reports.begin(), reports.end(),
            [](const KernelReport& a, const KernelReport& b) { return a.name < b.name; });
  return reports;
}

}  // namespace mlffgen::jit
