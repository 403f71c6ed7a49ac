#include "runtime/shared_object.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace mlffgen::runtime {
namespace {

void write_all(int file, std::span<const std::byte> bytes, const std::string& name) {
  while (!bytes.empty()) {
    const auto written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0)
      throw UserError(fmt::format("{}: cannot copy the host code to memory: {}", name, std::strerror(errno)));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

std::string loader_error() {
  const char* text = dlerror();
  return text ? text : "unknown reason";
}

}  // namespace

SharedObject::SharedObject(std::span<const std::byte> image, const std::string& name) : name_(name) {
  file_ = memfd_create("mlffgen-host-code", MFD_CLOEXEC);
  if (file_ < 0) throw UserError(fmt::format("{}: cannot load the host code: {}", name, std::strerror(errno)));
  try {
    write_all(file_, image, name);
    path_ = fmt::format("/proc/self/fd/{}", file_);
    handle_ = dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle_) {
      throw UserError(
          fmt::format("{}: cannot load the host code: {}; compile the model on this machine with "
                      "'mlffgen compile --target host'",
                      name, loader_error()));
    }
  } catch (...) {
    ::close(file_);
    throw;
  }
}

SharedObject::~SharedObject() {
  dlclose(handle_);
  // The loader knows an object by its path. If it keeps this one, the number of the file must not be used again: the
  // next object would get the same path and the old code.
  if (void* kept = dlopen(path_.c_str(), RTLD_NOW | RTLD_NOLOAD)) {
    dlclose(kept);
    return;
  }
  ::close(file_);
}

void* SharedObject::symbol(const std::string& symbol_name) const {
  void* address = dlsym(handle_, symbol_name.c_str());
  if (!address) {
    throw UserError(
        fmt::format("{}: the host code lacks the function {}; compile the model again", name_, symbol_name));
  }
  return address;
}

}  // namespace mlffgen::runtime
