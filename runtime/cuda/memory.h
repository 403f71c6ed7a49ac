// Memory of the GPU, pinned memory of the host, and copies between them. Failures are DeviceErrors.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/cuda/context.h"
#include "runtime/cuda/stream.h"

namespace mlffgen::cuda {

using DevicePointer = std::uint64_t;  // an address of the GPU; 0 = none

// Grows, never shrinks; moves, does not copy. Addresses are multiples of 256.
class DeviceBuffer {
 public:
  explicit DeviceBuffer(const Context& context);
  DeviceBuffer(DeviceBuffer&& other) noexcept;
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept;
  ~DeviceBuffer();

  // Room for so many bytes. Contents are lost when it grows, and not initialised. Growing waits for the GPU and is not
  // possible within Graph::capture. DeviceError names the bytes asked for, free and in all; the buffer is empty then.
  DevicePointer at_least(std::size_t bytes);

  DevicePointer address() const { return address_; }
  std::size_t bytes() const { return bytes_; }

  // The address as a pointer of the device; not for reading here.
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(address_);
  }

 private:
  void release() noexcept;

  Context context_;
  DevicePointer address_ = 0;
  std::size_t bytes_ = 0;
};

// Memory of the host that copies to and from the GPU reach without a detour; the same rules.
class PinnedBuffer {
 public:
  explicit PinnedBuffer(const Context& context);
  PinnedBuffer(PinnedBuffer&& other) noexcept;
  PinnedBuffer& operator=(PinnedBuffer&& other) noexcept;
  ~PinnedBuffer();

  void* at_least(std::size_t bytes);
  std::size_t bytes() const { return bytes_; }

  template <class T>
  T* as() const {
    return static_cast<T*>(address_);
  }

 private:
  void release() noexcept;

  Context context_;
  void* address_ = nullptr;
  std::size_t bytes_ = 0;
};

// Asynchronous when the host's side is pinned. The host's memory must stay until the stream has come so far; within
// Graph::capture, as long as the graph. No bytes: nothing happens.
void copy_to_device(const Stream& stream, DevicePointer to, const void* from, std::size_t bytes);
void copy_to_host(const Stream& stream, void* to, DevicePointer from, std::size_t bytes);
void copy_on_device(const Stream& stream, DevicePointer to, DevicePointer from, std::size_t bytes);
void fill_bytes(const Stream& stream, DevicePointer to, std::uint8_t value, std::size_t bytes);

}  // namespace mlffgen::cuda
