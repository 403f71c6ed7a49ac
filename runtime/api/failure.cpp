#include "runtime/api/failure.h"

#include <exception>
#include <new>

#include "base/error.h"

namespace mlffgen::api {
namespace {

// Of fixed size, so that keeping a message needs no memory, and trivial, so that the library may be unloaded.
struct Record {
  char message[4096];
  std::int64_t system, atom;
  bool has_place;
};

thread_local Record record;

// Lines become one.
mlffgen_status keep(mlffgen_status status, const char* message, std::int64_t system = -1,
                    std::int64_t atom = -1) noexcept {
  std::size_t size = 0;
  for (bool indent = false; *message != '\0' && size < sizeof(record.message) - 1; ++message) {
    indent = *message == '\n' || (indent && *message == ' ');
    if (*message == '\n') record.message[size++] = ' ';
    if (!indent) record.message[size++] = *message;
  }
  record.message[size] = '\0';
  record.system = system;
  record.atom = atom;
  record.has_place = true;
  return status;
}

}  // namespace

mlffgen_status keep_failure(mlffgen_status of_user_errors) noexcept {
  try {
    throw;
  } catch (const StatusError& error) {
    return keep(error.status(), error.what());
  } catch (const StructureError& error) {
    return keep(MLFFGEN_BAD_INPUT, error.what(), error.system(), error.atom());
  } catch (const MemoryError& error) {
    return keep(MLFFGEN_OUT_OF_MEMORY, error.what());
  } catch (const UserError& error) {
    return keep(of_user_errors, error.what());
  } catch (const DeviceError& error) {
    return keep(MLFFGEN_DEVICE_FAILURE, error.what());
  } catch (const std::bad_alloc&) {
    return keep(MLFFGEN_OUT_OF_MEMORY, "not enough memory on the host");
  } catch (const std::exception& error) {
    return keep(MLFFGEN_INTERNAL_ERROR, error.what());
  } catch (...) {
    return keep(MLFFGEN_INTERNAL_ERROR, "internal error: something unknown was thrown");
  }
}

const char* last_message() noexcept { return record.message; }
std::int64_t last_system() noexcept { return record.has_place ? record.system : -1; }
std::int64_t last_atom() noexcept { return record.has_place ? record.atom : -1; }

}  // namespace mlffgen::api
