// The functions of mlffgen.h: arguments checked, exceptions turned into statuses, the work left to ModelHandle.
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "mlffgen.h"
#include "runtime/api/failure.h"
#include "runtime/api/model_handle.h"
#include "runtime/api/versioned.h"
#include "runtime/bundle.h"

using namespace mlffgen;
using namespace mlffgen::api;

struct mlffgen_model {
  ModelHandle handle;
};

namespace {

constexpr int kMaxThreads = 4096;

// Runs f with the model's handle, alone.
template <class Function>
mlffgen_status with_model(mlffgen_model* model, Function&& f) noexcept {
  return guarded(MLFFGEN_BAD_INPUT, [&] {
    require(model != nullptr, "the model is a null pointer");
    const std::lock_guard lock(model->handle.mutex());
    f(model->handle);
  });
}

OpenOptions open_options(const mlffgen_options& given) {
  require(given.threads >= 0 && given.threads <= kMaxThreads, "threads must be from 0 to 4096");
  require(given.skin >= 0 && given.skin < 1e9, "the skin must be zero or more, and finite");
  require(given.reserved == 0, "reserved must be 0");
  OpenOptions options;
  options.skin = given.skin;
  options.graphs = given.no_graphs == 0;
  options.memory_limit = given.memory_limit;
  try {
    if (given.device != nullptr) options.device = parse_device(given.device);
  } catch (const UserError& error) {
    throw StatusError(MLFFGEN_INVALID_ARGUMENT, fmt::format("device: {}", error.what()));
  }
  return options;
}

runtime::ProfileOptions profile_options(const mlffgen_profile_options* options) {
  const auto given = options != nullptr ? read_struct(options, "mlffgen_profile_options") : mlffgen_profile_options{};
  require(given.repeats >= 0 && given.warm_up >= 0, "repeats and warm_up must not be negative");
  runtime::ProfileOptions result;
  if (given.repeats > 0) result.repeats = given.repeats;
  if (given.warm_up > 0) result.warm_up = given.warm_up;
  return result;
}

void check_precision(const runtime::Bundle& bundle, const runtime::Plan& plan, std::int32_t wanted) {
  require(wanted == MLFFGEN_ANY_PRECISION || wanted == MLFFGEN_SINGLE_PRECISION || wanted == MLFFGEN_DOUBLE_PRECISION,
          "precision must be one of mlffgen_precision");
  const bool is_double = plan.precision == runtime::Precision::double_precision;
  if (wanted == MLFFGEN_ANY_PRECISION || (wanted == MLFFGEN_DOUBLE_PRECISION) == is_double) return;
  throw StatusError(MLFFGEN_UNSUPPORTED,
                    fmt::format("{}: the model was compiled for {} precision; compile it with --precision {}",
                                bundle.path(), is_double ? "double" : "float", is_double ? "float" : "double"));
}

// A bundle whose plan is sound; whatever is wrong with it is the file's fault.
runtime::Bundle open_bundle(const char* path, std::int32_t precision) {
  try {
    runtime::Bundle bundle = runtime::Bundle::open(path);
    check_precision(bundle, runtime::read_plan(bundle), precision);
    return bundle;
  } catch (const UserError& error) {
    throw StatusError(MLFFGEN_BAD_FILE, error.what());
  }
}

}  // namespace

const char* mlffgen_version(void) { return MLFFGEN_VERSION; }

const char* mlffgen_status_text(mlffgen_status status) {
  switch (status) {
    case MLFFGEN_OK:
      return "success";
    case MLFFGEN_INVALID_ARGUMENT:
      return "invalid argument";
    case MLFFGEN_BAD_FILE:
      return "bad model file";
    case MLFFGEN_UNSUPPORTED:
      return "model or device not supported";
    case MLFFGEN_BAD_INPUT:
      return "bad input";
    case MLFFGEN_OUT_OF_MEMORY:
      return "out of memory";
    case MLFFGEN_DEVICE_FAILURE:
      return "device failure";
    case MLFFGEN_TRY_AGAIN:
      return "too little room, try again";
    case MLFFGEN_INTERNAL_ERROR:
      return "internal error";
  }
  return "unknown status";
}

const char* mlffgen_last_error(void) { return last_message(); }
int64_t mlffgen_error_system(void) { return last_system(); }
int64_t mlffgen_error_atom(void) { return last_atom(); }

mlffgen_status mlffgen_create(const char* path, const mlffgen_options* options, mlffgen_model** model) {
  if (model != nullptr) *model = nullptr;
  return guarded(MLFFGEN_UNSUPPORTED, [&] {
    require(path != nullptr, "the path is a null pointer");
    require(model != nullptr, "the place for the model is a null pointer");
    const mlffgen_options given = options != nullptr ? read_struct(options, "mlffgen_options") : mlffgen_options{};
    const OpenOptions open = open_options(given);
    const runtime::Bundle bundle = open_bundle(path, given.precision);
    *model = new mlffgen_model{ModelHandle(bundle, open, given.threads)};
  });
}

void mlffgen_destroy(mlffgen_model* model) { delete model; }

mlffgen_status mlffgen_get_info(const mlffgen_model* model, mlffgen_info* info) {
  return guarded(MLFFGEN_INVALID_ARGUMENT, [&] {
    require(model != nullptr, "the model is a null pointer");
    write_struct(model->handle.info(), info, "mlffgen_info");
  });
}

mlffgen_status mlffgen_evaluate(mlffgen_model* model, const mlffgen_systems* systems, const mlffgen_results* results) {
  return with_model(model, [&](ModelHandle& handle) {
    handle.evaluate(read_struct(systems, "mlffgen_systems"), read_struct(results, "mlffgen_results"));
  });
}

mlffgen_status mlffgen_evaluate_on_device(mlffgen_model* model, const mlffgen_systems* systems,
                                          const mlffgen_results* results, void* stream) {
  return with_model(model, [&](ModelHandle& handle) {
    handle.evaluate_on_device(read_struct(systems, "mlffgen_systems"), read_struct(results, "mlffgen_results"), stream,
                              ModelHandle::Wait::yes);
  });
}

mlffgen_status mlffgen_enqueue(mlffgen_model* model, const mlffgen_systems* systems, const mlffgen_results* results,
                               void* stream) {
  return with_model(model, [&](ModelHandle& handle) {
    handle.evaluate_on_device(read_struct(systems, "mlffgen_systems"), read_struct(results, "mlffgen_results"), stream,
                              ModelHandle::Wait::no);
  });
}

mlffgen_status mlffgen_check(mlffgen_model* model) {
  return with_model(model, [](ModelHandle& handle) { handle.check(); });
}

mlffgen_status mlffgen_reserve(mlffgen_model* model, int32_t n_atoms, int32_t n_systems, int64_t n_pairs) {
  return with_model(model, [&](ModelHandle& handle) { handle.reserve(n_atoms, n_systems, n_pairs); });
}

mlffgen_status mlffgen_get_memory(mlffgen_model* model, mlffgen_memory* memory) {
  return with_model(model, [&](ModelHandle& handle) { write_struct(handle.memory(), memory, "mlffgen_memory"); });
}

mlffgen_status mlffgen_get_statistics(mlffgen_model* model, mlffgen_statistics* statistics) {
  return with_model(model,
                    [&](ModelHandle& handle) { write_struct(handle.statistics(), statistics, "mlffgen_statistics"); });
}

mlffgen_status mlffgen_profile(mlffgen_model* model, const mlffgen_systems* systems, const mlffgen_results* results,
                               const mlffgen_profile_options* options, mlffgen_profile_report* report) {
  return with_model(model, [&](ModelHandle& handle) {
    checked_size(report, "mlffgen_profile_report");
    write_struct(handle.profile(read_struct(systems, "mlffgen_systems"), read_struct(results, "mlffgen_results"),
                                profile_options(options)),
                 report, "mlffgen_profile_report");
  });
}

mlffgen_status mlffgen_profile_on_device(mlffgen_model* model, const mlffgen_systems* systems,
                                         const mlffgen_results* results, void* stream,
                                         const mlffgen_profile_options* options, mlffgen_profile_report* report) {
  return with_model(model, [&](ModelHandle& handle) {
    checked_size(report, "mlffgen_profile_report");
    write_struct(handle.profile_on_device(read_struct(systems, "mlffgen_systems"),
                                          read_struct(results, "mlffgen_results"), stream, profile_options(options)),
                 report, "mlffgen_profile_report");
  });
}

mlffgen_status mlffgen_get_step(mlffgen_model* model, int32_t index, mlffgen_step* step) {
  return with_model(model, [&](ModelHandle& handle) { write_struct(handle.step(index), step, "mlffgen_step"); });
}
