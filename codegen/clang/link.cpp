#include "codegen/clang/link.h"

#include <lld/Common/Driver.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>

#include "base/error.h"

LLD_HAS_DRIVER(elf)

namespace mlffgen::clang {
namespace {

namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code no_folder;
    const fs::path parent = fs::temp_directory_path(no_folder);
    std::string pattern = ((no_folder ? fs::path("/tmp") : parent) / "mlffgen-link-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      throw UserError("cannot create the temporary folder " + pattern + ": " + std::strerror(errno) +
                      "; set TMPDIR to a folder that is writable");
    }
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

void write_file(const std::string& path, std::string_view content) {
  std::ofstream out(path, std::ios::binary);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  out.close();
  if (!out) throw UserError("cannot write " + path + ": is the disk full?");
}

std::vector<std::byte> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  const std::streamsize size = in.tellg();
  if (!in || size <= 0) throw InternalError("the linker left no output");
  std::vector<std::byte> content(static_cast<std::size_t>(size));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(content.data()), size);
  if (!in) throw InternalError("the linker's output cannot be read");
  return content;
}

void run_lld(const std::string& object, const std::string& library) {
  // -Bsymbolic: calls inside the library stay inside. One thread and no build id: small input, the same bytes each
  // time.
  const std::vector<const char*> arguments = {"ld.lld",
                                              "-shared",
                                              "-Bsymbolic",
                                              "--gc-sections",
                                              "--strip-all",
                                              "--threads=1",
                                              "--build-id=none",
                                              "--hash-style=gnu",
                                              "-z",
                                              "noexecstack",
                                              "-z",
                                              "defs",
                                              "-o",
                                              library.c_str(),
                                              object.c_str()};
  std::string log;
  llvm::raw_string_ostream log_stream(log);
  static std::mutex turn;
  const std::lock_guard lock(turn);
  const lld::Result result = lld::lldMain(arguments, log_stream, log_stream, {{lld::Gnu, &lld::elf::link}});
  log_stream.flush();
  if (result.retCode != 0) throw InternalError("linking the host library failed:\n" + log);
}

}  // namespace

std::vector<std::byte> link_shared_library(std::string_view object) {
  const TemporaryFolder folder;
  const std::string input = folder.file("object.o");
  const std::string output = folder.file("library.so");
  write_file(input, object);
  run_lld(input, output);
  return read_file(output);
}

}  // namespace mlffgen::clang
