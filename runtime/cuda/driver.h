// The CUDA driver of this machine and its GPUs. The driver's library is loaded when it is first needed: a program that
// asks for no GPU runs without one. Needs no CUDA toolkit.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace mlffgen::cuda {

struct DeviceInfo {
  int index = 0;     // as in cuda:N; counts the GPUs that CUDA_VISIBLE_DEVICES shows
  std::string name;  // "NVIDIA H100 80GB HBM3"
  std::string arch;  // "sm_90"
  std::string uuid;  // "GPU-8e1b2c3d-...", as nvidia-smi writes it
  int major = 0, minor = 0;
  int multiprocessors = 0;
  int shared_bytes_per_block = 0;  // with Kernel::allow_shared
  int shared_bytes_per_multiprocessor = 0;
  std::size_t memory_bytes = 0;
  std::size_t free_bytes = 0;  // of the memory when find_driver was called; 0 = unknown, without NVML
  std::size_t l2_bytes = 0;
};

struct Driver {
  std::string library;        // the name under which it was found
  int version = 0;            // the newest CUDA that it runs, 13000 for CUDA 13.0
  std::string kernel_driver;  // "580.159.03"; "" without NVML
  std::string nvml;           // the name under which NVML was found; "" if it was not
  std::vector<DeviceInfo> devices;
};

// What there is, for a program that reports and does not need it.
struct DriverReport {
  Driver driver;
  std::string problem;  // why there is no usable GPU, one line; "" if there is one
  std::string details;  // the problem with all that was tried
};

// Never throws for a missing or broken driver: that is what it reports. driver.library is "" where none was found.
DriverReport examine_driver();

// Throws UserError when there is no driver, when it is too old (with both versions and what to do), or without a GPU.
Driver find_driver();

// 12040 -> "12.4".
std::string version_text(int version);

}  // namespace mlffgen::cuda
