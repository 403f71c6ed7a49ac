#include "runtime/jit/nvrtc.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/error.h"
#include "base/text.h"
#include "runtime/jit/cubin_elf.h"
#include "runtime/jit/dynamic_library.h"
#include "runtime/jit/environment.h"
#include "runtime/jit/ptxas_log.h"

namespace mlffgen::jit {
namespace {

// NVRTC's C interface, declared here so that building needs no CUDA header. The values are part of its stable ABI.
using Result = int;
using Program = void*;
constexpr Result kSuccess = 0;

constexpr const char* kSourceName = "emitted.cu";

// Where NVRTC lies on machines without a CUDA toolkit: in build/nvrtc (scripts/setup) or in the folder nvrtc of the
// package, beside the folder of the program, and of the library if this is part of one.
std::vector<std::string> folders_beside_us() {
  std::error_code error;
  std::vector<std::filesystem::path> files = {std::filesystem::read_symlink("/proc/self/exe", error)};
  Dl_info here = {};
  if (::dladdr(reinterpret_cast<void*>(&folders_beside_us), &here) != 0 && here.dli_fname != nullptr) {
    files.emplace_back(std::filesystem::weakly_canonical(here.dli_fname, error));
  }
  std::vector<std::string> folders;
  for (const std::filesystem::path& file : files) {
    const std::filesystem::path top = file.parent_path().parent_path();
    if (file.is_absolute()) folders.push_back((top / "nvrtc" / "nvidia" / "cu13" / "lib/").string());
  }
  return folders;
}

// NVRTC opens its second library by name alone, which finds it outside the usual folders only if it is open already.
std::vector<DynamicLibrary> builtins_beside(const std::string& library) {
  std::vector<DynamicLibrary> result;
  if (library.find('/') == std::string::npos) return result;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(library).parent_path(), error)) {
    if (!entry.path().filename().string().starts_with("libnvrtc-builtins.so.")) continue;
    result.emplace_back(std::vector<std::string>{entry.path().string()}, "NVRTC's built-in functions",
                        "install the CUDA toolkit or the Python package nvidia-cuda-nvrtc again");
  }
  return result;
}

std::vector<std::string> candidates(const std::vector<std::string>& extra_folders) {
  if (const auto chosen = environment_variable(kNvrtcVariable)) return {*chosen};
  std::vector<std::string> folders = {"", "/usr/local/cuda/lib64/"};
  for (const std::string& folder : folders_beside_us()) {
    if (std::find(folders.begin(), folders.end(), folder) == folders.end()) folders.push_back(folder);
  }
  for (const std::string& folder : extra_folders) folders.push_back(folder + "/");
  std::vector<std::string> list;
  for (const std::string& folder : folders) {
    for (const char* name : {"libnvrtc.so.13", "libnvrtc.so.12"}) list.push_back(folder + name);
  }
  return list;
}

}  // namespace

struct Nvrtc::Api {
  explicit Api(const std::vector<std::string>& extra_folders)
      : library(candidates(extra_folders), "NVRTC, the CUDA run-time compiler",
                fmt::format("install the CUDA toolkit or the Python package nvidia-cuda-nvrtc (CUDA 12: "
                            "nvidia-cuda-nvrtc-cu12), or set {} to the path of libnvrtc.so",
                            kNvrtcVariable)) {}

  void check(Result result, const char* call) const {
    if (result == kSuccess) return;
    throw InternalError(fmt::format("{} of {} failed: {}", call, library.name(), error_string(result)));
  }

  DynamicLibrary library;
  std::vector<DynamicLibrary> builtins = builtins_beside(library.name());
  const char* (*error_string)(Result) = library.function<const char*(Result)>("nvrtcGetErrorString");
  Result (*version)(int*, int*) = library.function<Result(int*, int*)>("nvrtcVersion");
  Result (*arch_count)(int*) = library.function<Result(int*)>("nvrtcGetNumSupportedArchs");
  Result (*archs)(int*) = library.function<Result(int*)>("nvrtcGetSupportedArchs");
  Result (*create)(Program*, const char*, const char*, int, const char* const*, const char* const*) =
      library.function<Result(Program*, const char*, const char*, int, const char* const*, const char* const*)>(
          "nvrtcCreateProgram");
  Result (*destroy)(Program*) = library.function<Result(Program*)>("nvrtcDestroyProgram");
  Result (*compile)(Program, int, const char* const*) =
      library.function<Result(Program, int, const char* const*)>("nvrtcCompileProgram");
  Result (*log_size)(Program, std::size_t*) = library.function<Result(Program, std::size_t*)>("nvrtcGetProgramLogSize");
  Result (*log)(Program, char*) = library.function<Result(Program, char*)>("nvrtcGetProgramLog");
  Result (*cubin_size)(Program, std::size_t*) = library.function<Result(Program, std::size_t*)>("nvrtcGetCUBINSize");
  Result (*cubin)(Program, char*) = library.function<Result(Program, char*)>("nvrtcGetCUBIN");
};

namespace {

std::vector<std::string> option_list(const std::string& arch, const CompileOptions& options) {
  std::vector<std::string> list = {"--gpu-architecture=" + arch, fmt::format("--std=c++{}", options.cpp_standard),
                                   "--fmad=true", "--device-as-default-execution-space", "--ptxas-options=-v"};
  if (options.line_info) list.emplace_back("--generate-line-info");
  for (const std::string& define : options.defines) list.push_back("--define-macro=" + define);
  list.insert(list.end(), options.extra.begin(), options.extra.end());
  return list;
}

}  // namespace

Nvrtc::Nvrtc(const std::vector<std::string>& extra_folders) : api_(std::make_shared<const Api>(extra_folders)) {}

const std::string& Nvrtc::library() const { return api_->library.name(); }

NvrtcVersion Nvrtc::version() const {
  NvrtcVersion version;
  api_->check(api_->version(&version.major, &version.minor), "nvrtcVersion");
  return version;
}

std::vector<std::string> Nvrtc::supported_archs() const {
  int count = 0;
  api_->check(api_->arch_count(&count), "nvrtcGetNumSupportedArchs");
  std::vector<int> numbers(static_cast<std::size_t>(count));
  api_->check(api_->archs(numbers.data()), "nvrtcGetSupportedArchs");
  std::sort(numbers.begin(), numbers.end());
  std::vector<std::string> names;
  for (const int number : numbers) names.push_back(fmt::format("sm_{}", number));
  return names;
}

Cubin Nvrtc::compile_cubin(const std::string& source, const std::string& arch, const CompileOptions& options) const {
  const std::vector<std::string> known = supported_archs();
  // NVRTC lists sm_90 for sm_90a too.
  const std::string base = arch.ends_with('a') || arch.ends_with('f') ? arch.substr(0, arch.size() - 1) : arch;
  if (std::find(known.begin(), known.end(), base) == known.end()) {
    const NvrtcVersion have = version();
    throw UserError(fmt::format("NVRTC {}.{} cannot compile for GPU architecture {}: it knows {}", have.major,
                                have.minor, quote(arch), mlffgen::join(known, ", ")));
  }
  const auto start = std::chrono::steady_clock::now();
  const Api& api = *api_;
  Program raw = nullptr;
  api.check(api.create(&raw, source.c_str(), kSourceName, 0, nullptr, nullptr), "nvrtcCreateProgram");
  const auto destroy = [&api](Program* program) { api.destroy(program); };
  const std::unique_ptr<Program, decltype(destroy)> program(&raw, destroy);

  const std::vector<std::string> list = option_list(arch, options);
  std::vector<const char*> pointers;
  for (const std::string& option : list) pointers.push_back(option.c_str());
  // Bad options fail with a log too, so the log is read before the result is judged.
  const Result result = api.compile(raw, static_cast<int>(pointers.size()), pointers.data());

  Cubin cubin;
  cubin.arch = arch;
  std::size_t size = 0;
  api.check(api.log_size(raw, &size), "nvrtcGetProgramLogSize");
  cubin.log.resize(size);
  api.check(api.log(raw, cubin.log.data()), "nvrtcGetProgramLog");
  while (!cubin.log.empty() && cubin.log.back() == '\0') cubin.log.pop_back();
  if (result != kSuccess) {
    throw InternalError(
        fmt::format("the emitted source does not compile for {}: {}\n{}", arch, api.error_string(result), cubin.log));
  }
  api.check(api.cubin_size(raw, &size), "nvrtcGetCUBINSize");
  cubin.bytes.resize(size);
  api.check(api.cubin(raw, reinterpret_cast<char*>(cubin.bytes.data())), "nvrtcGetCUBIN");
  cubin.kernels = parse_ptxas_log(cubin.log);
  for (KernelReport& kernel : cubin.kernels) kernel.constant_bytes = kernel_constant_bytes(cubin.bytes, kernel.name);
  cubin.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return cubin;
}

}  // namespace mlffgen::jit
