#include "runtime/jit/ptxas_log.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "runtime/jit/cubin_elf.h"

namespace mlffgen::jit {
namespace {

TEST_CASE("a log of CUDA 13 gives one report a kernel, by name, and none for a device function") {
  const std::string log =
      "ptxas info    : 0 bytes gmem\n"
      "ptxas info    : Compiling entry function 'spills' for 'sm_90'\n"
      "ptxas info    : Function properties for spills\n"
      "ptxas         .     1032 bytes stack frame, 1744 bytes spill stores, 1724 bytes spill loads\n"
      "ptxas info    : Used 32 registers, used 0 barriers, 1040 bytes cumulative stack size\n"
      "ptxas info    : Compiling entry function 'plain' for 'sm_90'\n"
      "ptxas info    : Function properties for plain\n"
      "ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
      "ptxas info    : Used 18 registers, used 1 barriers, 1024 bytes smem\n"
      "ptxas info    : Function properties for _Z6helperf\n"
      "ptxas         .     8 bytes stack frame, 4 bytes spill stores, 4 bytes spill loads\n";
  const std::vector<KernelReport> reports = parse_ptxas_log(log);
  REQUIRE(reports.size() == 2);
  CHECK(reports[0] == KernelReport{"plain", 18, 0, 0, 0, 1024, 0, 1});
  CHECK(reports[1] == KernelReport{"spills", 32, 1744, 1724, 1040, 0, 0, 0});
}

TEST_CASE("a log of CUDA 12 is understood") {
  const std::string log =
      "ptxas info    : Compiling entry function 'phase_0' for 'sm_80'\n"
      "ptxas info    : Function properties for phase_0\n"
      "    16 bytes stack frame, 12 bytes spill stores, 8 bytes spill loads\n"
      "ptxas info    : Used 255 registers, used 3 barriers, 16 bytes cumulative stack size, 4096 bytes smem, "
      "400 bytes cmem[0]";
  const std::vector<KernelReport> reports = parse_ptxas_log(log);
  REQUIRE(reports.size() == 1);
  CHECK(reports[0] == KernelReport{"phase_0", 255, 12, 8, 16, 4096, 0, 3});
}

TEST_CASE("a log without statistics gives no report") {
  CHECK(parse_ptxas_log("").empty());
  CHECK(parse_ptxas_log("emitted.cu(1): warning: unused variable\n").empty());
  CHECK(parse_ptxas_log("ptxas info    : Compiling entry function 'cut").empty());
  CHECK(parse_ptxas_log("ptxas info    : Compiling entry function 'k' for 'sm_90'\nno numbers\n").empty());
}

TEST_CASE("bytes that are no cubin are refused, not read past their end") {
  const std::vector<std::byte> nothing;
  CHECK_THROWS_AS(kernel_constant_bytes(nothing, "k"), InternalError);
  const std::vector<std::byte> zeros(200);
  CHECK_THROWS_AS(kernel_constant_bytes(zeros, "k"), InternalError);
}

}  // namespace
}  // namespace mlffgen::jit
