// The functions of NVRTC in terms of compiler.h.
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "tests/software_gpu/compiler.h"

#define SOFTWARE_NVRTC_ENTRY extern "C" __attribute__((visibility("default")))

namespace software_gpu {
namespace {

// nvrtcResult
enum Result : int { kSuccess = 0, kInvalidInput = 3, kInvalidOption = 5, kCompilation = 6 };

struct Program {
  std::string source;
  Compiled compiled;
};

constexpr int kArchs[] = {75, 80, 86, 89, 90, 100};

}  // namespace

SOFTWARE_NVRTC_ENTRY const char* nvrtcGetErrorString(int result) {
  switch (result) {
    case kSuccess:
      return "NVRTC_SUCCESS";
    case kInvalidInput:
      return "NVRTC_ERROR_INVALID_INPUT";
    case kInvalidOption:
      return "NVRTC_ERROR_INVALID_OPTION";
    case kCompilation:
      return "NVRTC_ERROR_COMPILATION";
    default:
      return "NVRTC_ERROR unknown";
  }
}

// The minor number stands for the content of this library: what it compiled is out of date when it changes.
SOFTWARE_NVRTC_ENTRY int nvrtcVersion(int* major, int* minor) {
  *major = 13;
  *minor = compiler_number();
  return kSuccess;
}

SOFTWARE_NVRTC_ENTRY int nvrtcGetNumSupportedArchs(int* count) {
  *count = static_cast<int>(std::size(kArchs));
  return kSuccess;
}

SOFTWARE_NVRTC_ENTRY int nvrtcGetSupportedArchs(int* archs) {
  std::memcpy(archs, kArchs, sizeof(kArchs));
  return kSuccess;
}

SOFTWARE_NVRTC_ENTRY int nvrtcCreateProgram(Program** program, const char* source, const char*, int headers,
                                            const char* const*, const char* const*) {
  if (program == nullptr || source == nullptr || headers != 0) return kInvalidInput;
  *program = new Program{source, {}};
  return kSuccess;
}

SOFTWARE_NVRTC_ENTRY int nvrtcDestroyProgram(Program** program) {
  delete *program;
  *program = nullptr;
  return kSuccess;
}

SOFTWARE_NVRTC_ENTRY int nvrtcCompileProgram(Program* program, int count, const char* const* options) {
  try {
    program->compiled = compile(program->source, {options, options + count});
  } catch (const std::exception& error) {
    program->compiled.log = error.what();
  }
  if (program->compiled.fine) return kSuccess;
  return program->compiled.log.find("invalid option") != std::string::npos ? kInvalidOption : kCompilation;
}

SOFTWARE_NVRTC_ENTRY int nvrtcGetProgramLogSize(Program* program, std::size_t* bytes) {
  *bytes = program->compiled.log.size() + 1;
  return kSuccess;
}

SOFTWARE_NVRTC_ENTRY int nvrtcGetProgramLog(Program* program, char* log) {
  std::memcpy(log, program->compiled.log.c_str(), program->compiled.log.size() + 1);
  return kSuccess;
}

SOFTWARE_NVRTC_ENTRY int nvrtcGetCUBINSize(Program* program, std::size_t* bytes) {
  *bytes = program->compiled.library.size();
  return program->compiled.fine ? kSuccess : kInvalidInput;
}

SOFTWARE_NVRTC_ENTRY int nvrtcGetCUBIN(Program* program, char* bytes) {
  std::memcpy(bytes, program->compiled.library.data(), program->compiled.library.size());
  return program->compiled.fine ? kSuccess : kInvalidInput;
}

}  // namespace software_gpu
