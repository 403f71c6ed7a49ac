// The main function of GPU tests: those of doctest where there is a GPU, real or in software; 77 and a line that says
// why where there is none.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "runtime/cuda/driver.h"
#include "runtime/jit/nvrtc.h"

namespace {

constexpr int kSkipped = 77;

int look_for_gpu() {
  try {
    mlffgen::cuda::find_driver();
    const mlffgen::jit::Nvrtc compiler;
    return 0;
  } catch (const std::exception& error) {
    std::printf("skipped: %s\n", error.what());
    return kSkipped;
  }
}

}  // namespace

int main(int count, char** arguments) {
  // In a process of its own, so that the driver is not yet started here: tests may start children of their own.
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    const int result = look_for_gpu();
    std::fflush(nullptr);
    _exit(result);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return 1;
  if (WEXITSTATUS(status) != 0) return WEXITSTATUS(status);
  return doctest::Context(count, arguments).run();
}
