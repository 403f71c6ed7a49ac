// fill_cache MODEL BYTES COUNT: puts kernels into the cache of this process's environment, for the tests of
// `mlffgen cache`, and prints where each came from.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/cache/kernels.h"

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const auto bytes = static_cast<std::size_t>(std::atoll(argv[2]));
  for (int k = 0; k < std::atoi(argv[3]); ++k) {
    const auto cubin = mlffgen::cache::Cache::of_process().get(cache_test::key_of(argv[1] + std::to_string(k)), argv[1],
                                                               [bytes] { return cache_test::code(bytes); });
    std::printf("%s\n", mlffgen::cache::name(cubin.origin));
  }
  return 0;
}
