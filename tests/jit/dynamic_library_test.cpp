#include "runtime/jit/dynamic_library.h"

#include <doctest/doctest.h>

#include "base/error.h"

namespace mlffgen::jit {
namespace {

TEST_CASE("the first candidate that loads is taken") {
  const DynamicLibrary library({"libmlffgen-none.so.1", "libm.so.6"}, "mathematics", "install a C library");
  CHECK(library.name() == "libm.so.6");
  CHECK(library.function<double(double)>("sqrt")(9.0) == 3.0);
}

TEST_CASE("a missing library is the user's to fix: the message names what was tried and what to do") {
  try {
    DynamicLibrary({"libmlffgen-none.so.1", "/nowhere/libmlffgen.so"}, "the impossible", "install it");
    FAIL("a library that does not exist was loaded");
  } catch (const UserError& error) {
    const std::string message = error.what();
    CHECK(message.find("cannot load the impossible") != std::string::npos);
    CHECK(message.find("install it") != std::string::npos);
    CHECK(message.find("libmlffgen-none.so.1") != std::string::npos);
    CHECK(message.find("/nowhere/libmlffgen.so") != std::string::npos);
  }
}

TEST_CASE("a missing function names the library and the function") {
  const DynamicLibrary library({"libm.so.6"}, "mathematics", "install a C library");
  CHECK_THROWS_WITH_AS(library.function<void()>("mlffgen_no_such_function"),
                       "libm.so.6 has no function mlffgen_no_such_function: install a newer version", UserError);
}

}  // namespace
}  // namespace mlffgen::jit
