// From exceptions to what the C interface returns: a status, and a record of the thread's last failure.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "mlffgen.h"

namespace mlffgen::api {

// An error whose status is known where it is found.
class StatusError : public std::runtime_error {
 public:
  StatusError(mlffgen_status status, const std::string& message) : std::runtime_error(message), status_(status) {}
  mlffgen_status status() const { return status_; }

 private:
  mlffgen_status status_;
};

// Throws StatusError of MLFFGEN_INVALID_ARGUMENT unless the condition holds.
inline void require(bool condition, const char* message) {
  if (!condition) throw StatusError(MLFFGEN_INVALID_ARGUMENT, message);
}

// Within a catch block: keeps the message for this thread and returns the status. A UserError of no narrower kind has
// the status of_user_errors. Never throws.
mlffgen_status keep_failure(mlffgen_status of_user_errors) noexcept;

// Of this thread.
const char* last_message() noexcept;
std::int64_t last_system() noexcept;
std::int64_t last_atom() noexcept;

// Runs f and turns what it throws into a status.
template <class Function>
mlffgen_status guarded(mlffgen_status of_user_errors, Function&& f) noexcept {
  try {
    f();
    return MLFFGEN_OK;
  } catch (...) {
    return keep_failure(of_user_errors);
  }
}

}  // namespace mlffgen::api
