#include "runtime/api/failure.h"

#include <doctest/doctest.h>

#include <new>
#include <string>
#include <thread>

#include "base/error.h"

namespace mlffgen::api {
namespace {

template <class Exception>
mlffgen_status status_of(const Exception& error) {
  return guarded(MLFFGEN_UNSUPPORTED, [&] { throw error; });
}

TEST_CASE("every kind of exception has its status, and its message is kept") {
  CHECK(guarded(MLFFGEN_UNSUPPORTED, [] {}) == MLFFGEN_OK);
  CHECK(status_of(StatusError(MLFFGEN_TRY_AGAIN, "once more")) == MLFFGEN_TRY_AGAIN);
  CHECK(std::string(last_message()) == "once more");
  CHECK(status_of(UserError("no processor")) == MLFFGEN_UNSUPPORTED);
  CHECK(std::string(last_message()) == "no processor");
  CHECK(status_of(MemoryError("17 bytes")) == MLFFGEN_OUT_OF_MEMORY);
  CHECK(std::string(last_message()) == "17 bytes");
  CHECK(status_of(DeviceError("on fire")) == MLFFGEN_DEVICE_FAILURE);
  CHECK(std::string(last_message()) == "on fire");
  CHECK(status_of(std::bad_alloc()) == MLFFGEN_OUT_OF_MEMORY);
  CHECK(std::string(last_message()).find("memory") != std::string::npos);
  CHECK(status_of(InternalError("impossible")) == MLFFGEN_INTERNAL_ERROR);
  CHECK(std::string(last_message()).find("impossible") != std::string::npos);
  CHECK(status_of(std::out_of_range("vector")) == MLFFGEN_INTERNAL_ERROR);
  CHECK(status_of(42) == MLFFGEN_INTERNAL_ERROR);
}

TEST_CASE("the place of a fault is that of the last failure") {
  CHECK(status_of(StructureError("atom 3", 2, 3)) == MLFFGEN_BAD_INPUT);
  CHECK(last_system() == 2);
  CHECK(last_atom() == 3);
  CHECK(guarded(MLFFGEN_UNSUPPORTED, [] {}) == MLFFGEN_OK);
  CHECK(last_atom() == 3);
  CHECK(status_of(UserError("elsewhere")) == MLFFGEN_UNSUPPORTED);
  CHECK(last_system() == -1);
  CHECK(last_atom() == -1);
}

TEST_CASE("threads do not see each other's failures") {
  CHECK(status_of(StructureError("mine", 1, 2)) == MLFFGEN_BAD_INPUT);
  std::string message = "?";
  std::int64_t atom = 0;
  std::thread([&] {
    message = last_message();
    atom = last_atom();
    status_of(UserError("theirs"));
  }).join();
  CHECK(message.empty());
  CHECK(atom == -1);
  CHECK(std::string(last_message()) == "mine");
}

TEST_CASE("a message is one line and never too long") {
  status_of(UserError("not found; tried:\n  this\n  that thing\n"));
  CHECK(std::string(last_message()) == "not found; tried: this that thing ");
  status_of(UserError(std::string(100000, 'x')));
  CHECK(std::string(last_message()) == std::string(4095, 'x'));
  status_of(UserError(std::string(100000, '\n')));
  CHECK(std::string(last_message()) == std::string(4095, ' '));
}

}  // namespace
}  // namespace mlffgen::api
