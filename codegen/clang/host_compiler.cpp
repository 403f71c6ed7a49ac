#include "codegen/clang/host_compiler.h"

#include <clang/CodeGen/BackendUtil.h>
#include <clang/CodeGen/CodeGenAction.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/TextDiagnosticPrinter.h>
#include <fmt/format.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Object/ObjectFile.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/VirtualFileSystem.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <set>
#include <utility>

#include "base/error.h"
#include "codegen/clang/host_target.h"
#include "codegen/clang/link.h"
#include "codegen/clang/preludes.h"

namespace mlffgen::clang {
namespace {

constexpr const char* kEmittedFile = "emitted.cpp";
constexpr const char* kPreludeFile = "host_prelude.h";
constexpr llvm::StringRef kVectoriser = "loop-vectorize";

class Stopwatch {
 public:
  // Seconds since construction or the last call.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(start_, now)).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void initialise_target_once() {
  static std::once_flag done;
  std::call_once(done, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmParser();
    LLVMInitializeX86AsmPrinter();
  });
}

llvm::StringRef prelude() {
  for (const auto& [name, text] : embedded::clang_preludes()) {
    if (name == kPreludeFile) return text;
  }
  throw InternalError("the host prelude is not embedded");
}

llvm::IntrusiveRefCntPtr<llvm::vfs::FileSystem> files(const std::string& source) {
  auto memory = llvm::makeIntrusiveRefCnt<llvm::vfs::InMemoryFileSystem>();
  memory->setCurrentWorkingDirectory("/");
  memory->addFile(kPreludeFile, 0, llvm::MemoryBuffer::getMemBuffer(prelude(), kPreludeFile));
  memory->addFile(kEmittedFile, 0, llvm::MemoryBuffer::getMemBufferCopy(source, kEmittedFile));
  return memory;
}

std::vector<std::string> arguments(const HostTarget& target, const std::vector<std::string>& defines) {
  std::vector<std::string> list = {
      "-triple", "x86_64-unknown-linux-gnu", "-target-cpu", "x86-64", "-tune-cpu", target.tune,
      // The language: no headers, no run-time support, and no library call that the text does not make itself.
      "-x", "c++", "-std=c++20", "-ffreestanding", "-fno-builtin", "-nostdsysteminc", "-nobuiltininc", "-fno-rtti",
      "-fno-threadsafe-statics", "-fgnuc-version=4.2.1", "-w",
      // Arithmetic: see the header. errno and traps are off by default at this level.
      "-ffp-contract=fast", "-mreassociate", "-fno-signed-zeros",
      // Code.
      "-O3", "-vectorize-loops", "-vectorize-slp", "-mrelocation-model", "pic", "-pic-level", "2",
      "-ffunction-sections", "-mframe-pointer=none", fmt::format("-mprefer-vector-width={}", target.vector_bits)};
  for (const std::string& feature : target.features) {
    list.emplace_back("-target-feature");
    list.push_back("+" + feature);
  }
  list.insert(list.end(), {"-include", kPreludeFile, "-DMLFF_HOST"});
  for (const std::string& define : defines) list.push_back("-D" + define);
  list.emplace_back(kEmittedFile);
  return list;
}

// What the optimiser says of the loops, and what the code generator finds wrong.
class BackendLog : public llvm::DiagnosticHandler {
 public:
  struct Content {
    std::set<std::pair<int, std::string>> scalar_loops;
    std::set<int> vectorised_loops;
    std::string errors;
  };

  explicit BackendLog(Content& content) : content_(content) {}

  bool isAnalysisRemarkEnabled(llvm::StringRef pass) const override { return pass == kVectoriser; }
  bool isMissedOptRemarkEnabled(llvm::StringRef pass) const override { return pass == kVectoriser; }
  bool isPassedOptRemarkEnabled(llvm::StringRef pass) const override { return pass == kVectoriser; }
  bool isAnyRemarkEnabled() const override { return true; }

  bool handleDiagnostics(const llvm::DiagnosticInfo& info) override {
    if (info.getSeverity() == llvm::DS_Error) {
      llvm::raw_string_ostream stream(content_.errors);
      llvm::DiagnosticPrinterRawOStream printer(stream);
      info.print(printer);
      stream << '\n';
    } else if (const auto* remark = llvm::dyn_cast<llvm::DiagnosticInfoOptimizationBase>(&info)) {
      add_remark(*remark);
    }
    return true;
  }

 private:
  void add_remark(const llvm::DiagnosticInfoOptimizationBase& remark) {
    if (remark.getPassName() != kVectoriser || !remark.isLocationAvailable()) return;
    const llvm::DiagnosticLocation where = remark.getLocation();
    if (!where.getRelativePath().ends_with(kEmittedFile)) return;
    const int line = static_cast<int>(where.getLine());
    if (remark.isPassed()) {
      if (remark.getRemarkName() == "Vectorized") content_.vectorised_loops.insert(line);
    } else if (!remark.getRemarkName().starts_with("Interleaving")) {  // that one is about loops that did vectorise
      content_.scalar_loops.emplace(line, remark.getMsg());
    }
  }

  Content& content_;
};

// One translation unit on its way from text to object.
class Translation {
 public:
  Translation(const std::string& source, const HostTarget& target, const std::vector<std::string>& defines)
      : files_(files(source)), log_stream_(log_) {
    compiler_.createDiagnostics(new ::clang::TextDiagnosticPrinter(log_stream_, &compiler_.getDiagnosticOpts()));
    const std::vector<std::string> list = arguments(target, defines);
    std::vector<const char*> pointers;
    for (const std::string& argument : list) pointers.push_back(argument.c_str());
    if (!::clang::CompilerInvocation::CreateFromArgs(compiler_.getInvocation(), pointers, compiler_.getDiagnostics())) {
      fail();
    }
    ::clang::CodeGenOptions& options = compiler_.getCodeGenOpts();
    // Lines for the remarks, without debug information in the object.
    options.setDebugInfo(llvm::codegenoptions::LocTrackingOnly);
    options.DisableFree = false;
    compiler_.createFileManager(files_);
    // Diagnostics go to the log; this is where clang would count them.
    compiler_.setVerboseOutputStream(std::make_unique<llvm::raw_null_ostream>());
  }

  void run_frontend() {
    // The passes run in run_backend(), where the remarks are heard.
    compiler_.getCodeGenOpts().DisableLLVMPasses = true;
    ::clang::EmitLLVMOnlyAction action(&context_);
    const bool succeeded = compiler_.ExecuteAction(action);
    compiler_.getCodeGenOpts().DisableLLVMPasses = false;
    module_ = action.takeModule();
    if (!succeeded || module_ == nullptr) fail();
  }

  // The relocatable object.
  std::string run_backend(BackendLog::Content& remarks) {
    context_.setDiagnosticHandler(std::make_unique<BackendLog>(remarks));
    llvm::SmallString<0> object;
    ::clang::EmitBackendOutput(compiler_.getDiagnostics(), compiler_.getHeaderSearchOpts(), compiler_.getCodeGenOpts(),
                               compiler_.getTargetOpts(), compiler_.getLangOpts(),
                               compiler_.getTarget().getDataLayoutString(), module_.get(), ::clang::Backend_EmitObj,
                               files_, std::make_unique<llvm::raw_svector_ostream>(object));
    log_ += remarks.errors;
    if (!remarks.errors.empty() || compiler_.getDiagnostics().hasErrorOccurred()) fail();
    return object.str().str();
  }

 private:
  [[noreturn]] void fail() {
    log_stream_.flush();
    throw InternalError("the emitted source does not compile for the host:\n" + log_);
  }

  llvm::IntrusiveRefCntPtr<llvm::vfs::FileSystem> files_;
  std::string log_;
  llvm::raw_string_ostream log_stream_;
  llvm::LLVMContext context_;
  ::clang::CompilerInstance compiler_;
  std::unique_ptr<llvm::Module> module_;  // before context_ goes
};

// The library is loaded with nothing beside it, so it must define whatever it names.
void check_nothing_undefined(const std::string& object) {
  auto parsed = llvm::object::ObjectFile::createObjectFile(llvm::MemoryBufferRef(object, "object"));
  if (!parsed) throw InternalError("the host object cannot be read: " + llvm::toString(parsed.takeError()));
  std::string missing;
  for (const llvm::object::SymbolRef& symbol : (*parsed)->symbols()) {
    llvm::Expected<std::uint32_t> flags = symbol.getFlags();
    llvm::Expected<llvm::StringRef> name = symbol.getName();
    if (!flags || !name) throw InternalError("the host object has a malformed symbol table");
    const bool undefined = (*flags & llvm::object::SymbolRef::SF_Undefined) != 0;
    if (undefined && !name->empty() && *name != "_GLOBAL_OFFSET_TABLE_") {
      missing += (missing.empty() ? "" : ", ") + name->str();
    }
  }
  if (!missing.empty()) throw InternalError("the emitted source calls what no library provides: " + missing);
}

}  // namespace

HostLibrary compile_host(const std::string& source, const HostOptions& options) {
  initialise_target_once();
  const HostTarget target = host_target(options.cpu);
  HostLibrary library;
  library.cpu = target.name;
  library.required_features = target.features;

  Stopwatch watch;
  Translation translation(source, target, options.defines);
  translation.run_frontend();
  library.frontend_seconds = watch.lap();

  BackendLog::Content remarks;
  const std::string object = translation.run_backend(remarks);
  check_nothing_undefined(object);
  library.backend_seconds = watch.lap();
  for (const auto& [line, message] : remarks.scalar_loops) library.scalar_loops.push_back({line, message});
  library.vectorised_loops.assign(remarks.vectorised_loops.begin(), remarks.vectorised_loops.end());

  library.bytes = link_shared_library(object);
  library.link_seconds = watch.lap();
  return library;
}

}  // namespace mlffgen::clang
