// A shared object loaded from memory.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace mlffgen::runtime {

class SharedObject {
 public:
  // Loads the object; name stands for it in messages. Throws UserError with the loader's reason.
  SharedObject(std::span<const std::byte> image, const std::string& name);
  ~SharedObject();
  SharedObject(const SharedObject&) = delete;
  SharedObject& operator=(const SharedObject&) = delete;

  // The address of a symbol; throws UserError if there is none.
  void* symbol(const std::string& symbol_name) const;

 private:
  std::string name_;
  std::string path_;
  int file_ = -1;
  void* handle_ = nullptr;
};

}  // namespace mlffgen::runtime
