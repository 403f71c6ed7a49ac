#include "runtime/parallel.h"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>

#include "base/error.h"

namespace mlffgen::runtime {

int thread_count(int asked, long long pieces_of_work) {
  if (asked < 0) throw UserError(fmt::format("the number of threads must be 0 (all) or more, not {}", asked));
  const long long limit = asked > 0 ? asked : omp_get_max_threads();
  return static_cast<int>(std::clamp(pieces_of_work, 1LL, limit));
}

void FirstError::keep(long long index, std::exception_ptr error) noexcept {
#pragma omp critical(mlffgen_first_error)
  if (!error_ || index < index_) {
    error_ = std::move(error);
    index_ = index;
  }
}

}  // namespace mlffgen::runtime
