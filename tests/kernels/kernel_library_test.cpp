#include "runtime/kernels/kernel_library.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "tests/kernels/device_list.h"

using namespace mlffgen;
using namespace mlffgen::kernels;
using runtime::Precision;

namespace {

int count_of(const std::string& text, const std::string& part) {
  int count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("a kernel's text has every file that it includes in it, once, and no inclusion left") {
  const auto text = kernel_text("all_pairs.cu");
  CHECK(count_of(text, "struct ListArguments {") == 1);
  CHECK(count_of(text, "double dot3(") == 1);
  CHECK(count_of(text, "MLFF_LIST_KERNEL(all_pairs_fill)") == 1);
  CHECK(count_of(text, "#include") == 0);
  CHECK(text.find("struct ListArguments {") < text.find("MLFF_LIST_KERNEL(all_pairs_fill)"));
  CHECK_THROWS_AS(kernel_text("no_such_file.cu"), InternalError);
}

TEST_CASE("texts that are prepared together are there when their kernels are asked for, and failures are told") {
  std::mutex mutex;
  std::multiset<std::string> names;
  const CompileService plain = plain_compile_service();
  const KernelLibrary library(gpu().context, [&](const cuda::Context& context, const CompileRequest& request) {
    {
      const std::lock_guard lock(mutex);
      names.insert(request.name);
    }
    return plain(context, request);
  });
  library.prepare({"all_pairs.cu", "pair_reductions.cu"}, Precision::single_precision);
  CHECK(names == std::multiset<std::string>{"mlffgen all_pairs.cu", "mlffgen pair_reductions.cu"});
  library.kernel("all_pairs.cu", "all_pairs_fill", Precision::single_precision);
  library.prepare({"all_pairs.cu", "pair_reductions.cu"}, Precision::single_precision);
  CHECK(names.size() == 2);
  CHECK_THROWS_AS(library.prepare({"all_pairs.cu", "no_such_file.cu"}, Precision::double_precision), InternalError);
}

TEST_CASE("texts that are started are compiled at once, and while the caller does something else") {
  const CompileService plain = plain_compile_service();
  std::atomic<int> running = 0;
  std::atomic<bool> together = false;
  const KernelLibrary library(gpu().context, [&](const cuda::Context& context, const CompileRequest& request) {
    ++running;
    // Were another waiting for this one, it would never be seen.
    for (int k = 0; k < 1000 && !together; ++k) {
      if (running == 3) together = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return plain(context, request);
  });
  const CompileRequest own{"own", "extern \"C\" __global__ void nothing() {}\n", {}};
  library.start({own});
  library.start({"pair_reductions.cu", "model_call.cu"}, Precision::single_precision);
  CHECK(library.costs().compiled == 0);
  CHECK(library.kernel_of(own, "nothing").name() == "nothing");
  CHECK(together);
  library.kernel("pair_reductions.cu", "reduce_forces", Precision::single_precision);
  CHECK(library.costs().compiled == 2);
}

TEST_CASE("of several texts that fail the first asked for is told alone, and a text is tried again") {
  const CompileService plain = plain_compile_service();
  std::atomic<bool> fails = true;
  std::atomic<int> calls = 0, done = 0;
  const std::vector<CompileRequest> requests = {{"good", "extern \"C\" __global__ void good() {}\n", {}},
                                                {"bad", "extern \"C\" __global__ void bad() {}\n", {}},
                                                {"worse", "", {}}};
  {
    const KernelLibrary library(gpu().context, [&](const cuda::Context& context, const CompileRequest& request) {
      ++calls;
      if (request.name == "worse") std::this_thread::sleep_for(std::chrono::milliseconds(50));
      ++done;
      if (fails && request.name != "good") throw std::runtime_error(request.name + " does not compile");
      return plain(context, request);
    });
    library.start(requests);
    CHECK(library.kernel_of(requests[0], "good").name() == "good");
    CHECK_THROWS_WITH(library.kernel_of(requests[1], "bad"), "bad does not compile");
    CHECK(library.costs().compiled == 1);
    fails = false;
    CHECK(library.kernel_of(requests[1], "bad").name() == "bad");
    CHECK(calls == 4);
  }
  CHECK(done == 4);  // nothing runs on when the library is gone, though nobody asked for the last text
}

TEST_CASE("each text is compiled once for each precision, whatever kernels of it are asked for") {
  std::vector<CompileRequest> requests;
  const CompileService plain = plain_compile_service();
  const KernelLibrary library(gpu().context, [&](const cuda::Context& context, const CompileRequest& request) {
    requests.push_back(request);
    return plain(context, request);
  });
  const KernelLibrary copy = library;
  CHECK(library.kernel("pair_reductions.cu", "reduce_forces", Precision::single_precision).name() == "reduce_forces");
  copy.kernel("pair_reductions.cu", "reduce_energies", Precision::single_precision);
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].options.defines == std::vector<std::string>{"MLFF_REAL=float"});
  library.kernel("pair_reductions.cu", "reduce_energies", Precision::double_precision);
  REQUIRE(requests.size() == 2);
  CHECK(requests[1].options.defines == std::vector<std::string>{"MLFF_REAL=double"});
  CHECK_THROWS_AS(library.kernel("pair_reductions.cu", "no_such_kernel", Precision::single_precision), DeviceError);
}
