// Memory that grows and is used again: aligned to 64 bytes, new memory filled with NaN.
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

namespace mlffgen::runtime {

class AlignedBuffer {
 public:
  static constexpr std::size_t kAlignment = 64;

  AlignedBuffer() = default;
  ~AlignedBuffer() { release(); }
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  // At least so many bytes. Growing loses the content: every byte of new memory is 0xff, which reads as NaN, so that
  // what nobody wrote shows in the results. Throws std::bad_alloc.
  void* at_least(std::size_t bytes) {
    if (bytes > bytes_) {
      // A quarter more than asked for, once it grows again: the number of pairs of a moving system drifts.
      const std::size_t grown = data_ ? bytes + bytes / 4 : bytes;
      release();
      data_ = ::operator new(grown, std::align_val_t(kAlignment));
      bytes_ = grown;
      std::memset(data_, 0xff, grown);
    }
    return data_;
  }

  void* data() const { return data_; }
  std::size_t size() const { return bytes_; }

 private:
  void release() {
    ::operator delete(data_, std::align_val_t(kAlignment));
    data_ = nullptr;
    bytes_ = 0;
  }

  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace mlffgen::runtime
