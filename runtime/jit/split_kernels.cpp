#include "runtime/jit/split_kernels.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlffgen::jit {
namespace {

constexpr std::string_view kBegin = "MLFF_KERNEL(";

// Where the next line that begins a kernel starts, from `at` on; the source's size if none does.
std::size_t next_kernel(std::string_view source, std::size_t at) {
  for (at = source.find(kBegin, at); at != std::string_view::npos; at = source.find(kBegin, at + 1)) {
    if (at == 0 || source[at - 1] == '\n') return at;
  }
  return source.size();
}

std::string_view name_of(std::string_view kernel) {
  constexpr std::string_view kSpace = " \t\n";
  kernel.remove_prefix(std::min(kernel.find_first_not_of(kSpace, kBegin.size()), kernel.size()));
  return kernel.substr(0, kernel.find_first_of(" \t\n,)"));
}

}  // namespace

std::vector<KernelText> split_kernels(std::string_view source) {
  std::vector<KernelText> kernels;
  const std::size_t first = next_kernel(source, 0);
  const std::string_view common = source.substr(0, first);
  auto line = 1 + std::count(common.begin(), common.end(), '\n');
  for (std::size_t begin = first; begin < source.size();) {
    const std::size_t end = next_kernel(source, begin + 1);
    const std::string_view kernel = source.substr(begin, end - begin);
    kernels.push_back({std::string(name_of(kernel)), fmt::format("{}#line {}\n{}", common, line, kernel)});
    line += std::count(kernel.begin(), kernel.end(), '\n');
    begin = end;
  }
  return kernels;
}

}  // namespace mlffgen::jit
