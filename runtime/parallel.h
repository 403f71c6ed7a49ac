// What OpenMP leaves to its users: a thread count with sense, and exceptions that must not leave a parallel region.
#pragma once

#include <exception>

namespace mlffgen::runtime {

// The number of threads to use: what was asked for (0: as many as OpenMP would use), but no more than there are pieces
// of work. Throws UserError for a negative number.
int thread_count(int asked, long long pieces_of_work);

// Keeps the exception of the smallest index, so that the error shown does not depend on the threads.
class FirstError {
 public:
  // Runs f; never throws.
  template <class Function>
  void guard(long long index, Function&& f) noexcept {
    try {
      f();
    } catch (...) {
      keep(index, std::current_exception());
    }
  }
  bool any() const { return static_cast<bool>(error_); }
  long long index() const { return index_; }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void keep(long long index, std::exception_ptr error) noexcept;

  std::exception_ptr error_;
  long long index_ = 0;
};

}  // namespace mlffgen::runtime
