#include "tests/software_gpu/compiler.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <regex>
#include <set>

#include "base/hash.h"
#include "tests/software_gpu/prefix_text.h"

namespace software_gpu {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFlags =
    "-O1 -g0 -shared -fPIC -fvisibility=hidden -Wl,-Bsymbolic -ffp-contract=fast -march=native -w";

std::string compiler() {
  const char* chosen = std::getenv("SOFTWARE_GPU_COMPILER");
  return chosen == nullptr || *chosen == '\0' ? "g++" : chosen;
}

const std::string& prefix() {
  static const std::string text = [] {
    std::string all;
    for (const auto& [name, part] : mlffgen::embedded::software_gpu_prefix()) {
      all += "#line 1 \"" + std::string(name) + "\"\n" + std::string(part);
    }
    return all;
  }();
  return text;
}

fs::path cache_folder() {
  if (const char* chosen = std::getenv("SOFTWARE_GPU_CACHE"); chosen != nullptr && *chosen != '\0') return chosen;
  return fs::temp_directory_path() / ("software_gpu_" + std::to_string(getuid()));
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// The flags of g++ that say what NVRTC's do; false for one that NVRTC would refuse.
bool translate(const std::vector<std::string>& options, std::string& flags, std::string& log) {
  static const char* const kIgnored[] = {"--fmad",
                                         "--device-as-default",
                                         "--ptxas-options",
                                         "--generate-line-info",
                                         "--extra-device-vectorization",
                                         "--use_fast_math",
                                         "--dopt",
                                         "-default-device",
                                         "--minimal",
                                         "--restrict",
                                         "--split-compile",
                                         "--maxrregcount",
                                         "--prec-",
                                         "--ftz"};
  std::string arch = "900";
  for (const std::string& option : options) {
    const auto value = [&](const char* name) { return option.substr(std::strlen(name)); };
    if (option.starts_with("--gpu-architecture=")) {
      arch.clear();
      for (const char c : option) arch += c >= '0' && c <= '9' ? std::string(1, c) : "";
      arch += "0";
    } else if (option.starts_with("--std=")) {
      flags += " -std=" + value("--std=");
    } else if (option.starts_with("--define-macro=")) {
      flags += " " + quoted("-D" + value("--define-macro="));
    } else if (option.starts_with("-D")) {
      flags += " " + quoted(option);
    } else {
      bool known = false;
      for (const char* name : kIgnored) known = known || option.starts_with(name);
      if (!known) log += "software nvrtc: error: invalid option " + option + "\n";
    }
  }
  flags += " -D__CUDA_ARCH__=" + arch;
  return log.empty();
}

// Names of the kernels of a preprocessed text.
std::set<std::string> kernel_names(const std::string& text) {
  static const std::regex mark(R"(software_gpu_kernel\s*,[^;{}]*?\bvoid\b[^;{}()]*?(\w+)\s*\()");
  std::set<std::string> names;
  for (std::sregex_iterator at(text.begin(), text.end(), mark), end; at != end; ++at) names.insert((*at)[1]);
  return names;
}

// `extern __shared__ T name[];` is where the launch's dynamic shared memory is.
std::string with_dynamic_shared(const std::string& text) {
  static const std::regex declaration(
      R"(extern\s+static\s+__attribute__\(\(section\("software_gpu_shared"\)\)\)\s+)"
      R"((?:__attribute__\(\(aligned\(\w+\)\)\)\s*)?([^;\[\]]*?)\s*\b(\w+)\s*\[\s*\]\s*;)");
  return std::regex_replace(text, declaration, "$1* const $2 = static_cast<$1*>(software_gpu_dynamic_shared());");
}

std::string entries(const std::set<std::string>& names) {
  std::string text = "\n# 1 \"software_gpu_entries\"\n";
  for (const std::string& name : names) {
    text += "extern \"C\" { __attribute__((visibility(\"default\"), used)) software_gpu::Kernel software_gpu_kernel_" +
            name + " = software_gpu::Entry<&" + name + ">::kernel; }\n";
  }
  return text;
}

// A temporary folder, removed with this.
struct WorkFolder {
  explicit WorkFolder(const fs::path& parent) {
    fs::create_directories(parent);
    std::string name = (parent / "work_XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path = name;
  }
  ~WorkFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  fs::path path;
};

// Not std::system: it has the whole program ignore SIGINT meanwhile.
int run(const std::string& command, const fs::path& log) {
  const std::string line = command + " >" + quoted(log.string()) + " 2>&1";
  const char* const words[] = {"sh", "-c", line.c_str(), nullptr};
  pid_t child = 0;
  int status = 0;
  if (posix_spawn(&child, "/bin/sh", nullptr, nullptr, const_cast<char* const*>(words), environ) != 0) return -1;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return status;
}

Compiled build(const std::string& source, const std::string& flags, const fs::path& folder) {
  Compiled result;
  const auto file = [&](const char* name) { return (folder / name).string(); };
  write(file("text.cpp"), prefix() + "#line 1 \"emitted.cu\"\n" + source);
  const std::string base = compiler() + " " + kFlags + flags;
  int error = run(base + " -E " + quoted(file("text.cpp")) + " -o " + quoted(file("text.ii")), file("log"));
  if (error == 0) {
    const std::string text = read(file("text.ii"));
    write(file("text.ii"), with_dynamic_shared(text) + entries(kernel_names(text)));
    error =
        run(base + " -x c++-cpp-output " + quoted(file("text.ii")) + " -o " + quoted(file("kernels.so")), file("log"));
  }
  result.log = read(file("log"));
  result.fine = error == 0;
  if (result.fine) result.library = read(file("kernels.so"));
  return result;
}

}  // namespace

int compiler_number() {
  const std::string all = prefix() + kFlags + compiler();
  return static_cast<int>(std::hash<std::string>{}(all) % 1000000);
}

Compiled compile(const std::string& source, const std::vector<std::string>& options) {
  Compiled result;
  std::string flags;
  if (!translate(options, flags, result.log)) return result;
  const fs::path folder = cache_folder();
  const std::string key = prefix() + '\0' + kFlags + flags + '\0' + compiler() + '\0' + source;
  const fs::path cached = folder / (mlffgen::hash128_hex(key) + ".so");
  if (fs::exists(cached)) {
    result.fine = true;
    result.library = read(cached);
    return result;
  }
  const WorkFolder work(folder);
  result = build(source, flags, work.path);
  std::error_code ignored;
  if (result.fine) fs::rename(work.path / "kernels.so", cached, ignored);
  return result;
}

}  // namespace software_gpu
