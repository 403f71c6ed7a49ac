// The memory of the software GPU: memory of the host, with guard bytes around each allocation and poison in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace software_gpu {

class Memory {
 public:
  explicit Memory(std::size_t limit) : total_(limit) {}

  std::uint64_t allocate(std::size_t bytes);  // 0: there is not so much left
  bool free(std::uint64_t address);           // false: no such allocation

  // Whether the range lies within one allocation.
  bool holds(std::uint64_t address, std::size_t bytes) const;

  // Which allocation's guard bytes were written over, in words; "" if none was. Repairs them.
  std::string check_guards();

  std::size_t total() const { return total_; }
  std::size_t available() const { return total_ - used_; }

 private:
  struct Block {
    std::unique_ptr<unsigned char[]> storage;
    std::size_t bytes = 0;
  };

  std::size_t total_, used_ = 0;
  std::map<std::uint64_t, Block> blocks_;
};

}  // namespace software_gpu
