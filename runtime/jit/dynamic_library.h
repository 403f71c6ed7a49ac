// Libraries that may be missing on this machine, opened when they are needed.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace mlffgen::jit {

// An open shared library; closed with the last copy.
class DynamicLibrary {
 public:
  // Opens the first candidate that loads. A name without a slash is searched for as the dynamic linker does. Throws
  // UserError with `purpose`, what was tried and why it failed, and `advice`, when none loads.
  DynamicLibrary(const std::vector<std::string>& candidates, const std::string& purpose, const std::string& advice);

  // The candidate that was opened.
  const std::string& name() const { return name_; }

  // The function of that name; UserError naming the library if it has none (it is then older than what we need).
  template <typename Function>
  Function* function(const char* symbol) const {
    return reinterpret_cast<Function*>(address(symbol));
  }

 private:
  void* address(const char* symbol) const;

  std::shared_ptr<void> handle_;
  std::string name_;
};

}  // namespace mlffgen::jit
