// What is said where the driver, or a GPU, is missing or will not do.
#include "runtime/cuda/driver.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "runtime/cuda/context.h"
#include "tests/base/temporary_folder.h"
#include "tests/cuda/child.h"

namespace {

using namespace mlffgen;
using namespace mlffgen::cuda_test;

std::string software_library() { return std::getenv("MLFFGEN_CUDA"); }

// What find_driver throws as a UserError; "" if it is content.
std::string problem(const std::vector<std::string>& settings) {
  const Child child = in_child(settings, [] {
    try {
      cuda::find_driver();
      return std::string();
    } catch (const UserError& error) {
      return std::string(error.what());
    }
  });
  CHECK(child.status == 0);
  return child.text;
}

TEST_CASE("a missing driver is an error of the user's, which names the library and the variable") {
  const std::string text = problem({"MLFFGEN_CUDA=/absent/libcuda.so.1"});
  CAPTURE(text);
  CHECK(holds(text, "cannot load the CUDA driver; install the GPU's driver, or set MLFFGEN_CUDA"));
  CHECK(holds(text, "/absent/libcuda.so.1: "));
}

TEST_CASE("a library without the driver's functions is named with the first that is missing") {
  const std::string other = (std::filesystem::path(software_library()).parent_path() / "libnvidia-ml.so.1").string();
  const std::string text = problem({"MLFFGEN_CUDA=" + other});
  CAPTURE(text);
  CHECK(text == other + " has no function cuDriverGetVersion: install a newer version");
}

TEST_CASE("a driver that is too old is named with both versions and the remedy") {
  const std::string text = problem({"SOFTWARE_GPU_DRIVER=11040", "SOFTWARE_GPU_KERNEL_DRIVER=470.57"});
  CHECK(text == "the CUDA driver " + software_library() +
                    " is too old: it runs CUDA 11.4 (driver 470.57), mlffgen needs CUDA 12.0 or newer; install driver "
                    "525.60.13 or newer");
  CHECK(problem({"SOFTWARE_GPU_DRIVER=12000"}).empty());
}

TEST_CASE("a machine without a GPU, or one whose driver does not start, says what to look at") {
  CHECK(holds(problem({"SOFTWARE_GPU_DEVICES=0"}), "the CUDA driver finds no GPU: check that nvidia-smi lists one"));
  const std::string text = problem({"SOFTWARE_GPU_FAIL=cuInit=4"});
  CAPTURE(text);
  CHECK(holds(text, "does not start: driver shutting down (CUDA_ERROR_DEINITIALIZED, 4)"));
}

TEST_CASE("a failed start is tried again, so that a program may look for a GPU twice") {
  const Child child = in_child({"SOFTWARE_GPU_DEVICES=0"}, [] {
    const bool none = !cuda::examine_driver().problem.empty();
    setenv("SOFTWARE_GPU_DEVICES", "1", 1);
    return std::string(none && cuda::find_driver().devices.size() == 1 ? "found" : "not found");
  });
  CHECK(child.text == "found");
}

TEST_CASE("the report holds what is known of a driver that will not do") {
  const Child child = in_child({"SOFTWARE_GPU_DRIVER=11080"}, [] {
    const cuda::DriverReport report = cuda::examine_driver();
    return cuda::version_text(report.driver.version) + "|" + report.driver.kernel_driver + "|" +
           std::to_string(report.problem.find('\n') == std::string::npos && !report.problem.empty());
  });
  CHECK(child.text == "11.8|999.01|1");
}

TEST_CASE("every GPU is described, and the free memory where NVML is beside the driver") {
  const auto describe = [] {
    const cuda::Driver driver = cuda::find_driver();
    const cuda::DeviceInfo& last = driver.devices.back();
    return std::to_string(driver.devices.size()) + "|" + last.name + "|" + last.arch + "|" + last.uuid + "|" +
           std::to_string(last.free_bytes) + "|" + driver.kernel_driver;
  };
  const std::string start = "3|Software GPU|sm_90|GPU-5f5f5f5f-5f5f-5f5f-5f5f-5f5f5f5f5f02|";
  CHECK(in_child({"SOFTWARE_GPU_DEVICES=3"}, describe).text == start + "1073741824|999.01");

  const TemporaryFolder folder;
  const std::string alone = (folder.path() / "libcuda.so.1").string();
  std::filesystem::create_symlink(software_library(), alone);
  CHECK(in_child({"SOFTWARE_GPU_DEVICES=3", "MLFFGEN_CUDA=" + alone}, describe).text == start + "0|");
}

TEST_CASE("a GPU that is not there is an error that names those that are") {
  const Child child = in_child({"SOFTWARE_GPU_DEVICES=2"}, [] {
    const cuda::Context last(1);
    try {
      const cuda::Context absent(2);
    } catch (const UserError& error) {
      return std::to_string(last.device().index) + " " + error.what();
    }
    return std::string();
  });
  CHECK(child.text == "1 there is no GPU cuda:2: this machine has cuda:0 (Software GPU), cuda:1 (Software GPU)");
  CHECK(holds(in_child({}, [] { return cuda::Context(-1).device().name; }).text, "there is no GPU cuda:-1"));
}

}  // namespace
