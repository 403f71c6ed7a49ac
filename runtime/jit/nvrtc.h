// CUDA source to machine code for one GPU architecture, by NVRTC. Needs no GPU, no driver and no CUDA toolkit: only
// libnvrtc, loaded when it is first needed.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace mlffgen::jit {

struct CompileOptions {
  std::vector<std::string> defines;  // "NAME" or "NAME=VALUE"
  std::vector<std::string> extra;    // further options, passed on as they are
  int cpp_standard = 17;             // or 20
  bool line_info = false;            // map instructions to source lines, for profilers
};

// What ptxas says of a kernel. A thread's stack holds its spilled registers and dynamically indexed arrays.
struct KernelReport {
  std::string name;
  int registers = 0;          // a thread
  int spill_store_bytes = 0;  // a thread
  int spill_load_bytes = 0;   // a thread
  int stack_bytes = 0;        // a thread, with what the functions it calls need
  int static_shared_bytes = 0;
  int constant_bytes = 0;  // the kernel's own constant banks: arguments and the compiler's literals
  int barriers = 0;

  bool operator==(const KernelReport&) const = default;
};

struct Cubin {
  std::vector<std::byte> bytes;       // an ELF file for cuModuleLoadData
  std::string arch;                   // "sm_90"
  std::string log;                    // all that NVRTC and ptxas printed
  std::vector<KernelReport> kernels;  // by name; without kernels that the log does not describe
  double seconds = 0;
};

struct NvrtcVersion {
  int major = 0;
  int minor = 0;

  auto operator<=>(const NvrtcVersion&) const = default;
};

// The NVRTC library of this machine. Cheap to copy; every member may be called from several threads at once.
class Nvrtc {
 public:
  // Tries the file named by the environment variable MLFFGEN_NVRTC if it is set, and nothing else then; otherwise
  // libnvrtc.so.13 and .12 as the dynamic linker finds them, in the usual folder of the CUDA toolkit, in
  // nvrtc/nvidia/cu13/lib beside the folder of the program (scripts/setup, docs/package.md) or of libmlffgen.so, and in
  // `extra_folders` (such as site-packages/nvidia/cuda_nvrtc/lib). Throws UserError when none loads.
  explicit Nvrtc(const std::vector<std::string>& extra_folders = {});

  NvrtcVersion version() const;
  const std::string& library() const;  // the name under which it was found

  // {"sm_75", "sm_80", ...}, ascending.
  std::vector<std::string> supported_archs() const;

  // Compiles one self-contained text. Products are fused into sums; no other freedom is taken with the arithmetic.
  // Throws UserError when this NVRTC does not know the architecture, InternalError with the log when the text does not
  // compile: it is generated.
  Cubin compile_cubin(const std::string& source, const std::string& arch, const CompileOptions& options = {}) const;

 private:
  struct Api;
  std::shared_ptr<const Api> api_;
};

}  // namespace mlffgen::jit
