// mlffgen from C++17 or newer: mlffgen.h with objects, vectors and exceptions. Header only; needs nothing else.
//
//   mlffgen::Model model("model.mlff");
//   mlffgen::Results results = model.evaluate({positions, atomic_numbers});
//
// Units, shapes, errors and threads are those of mlffgen.h. Failures are thrown as mlffgen::Error. In C++20 a Span is a
// std::span; before, a class with as much of it as is needed here.
#ifndef MLFFGEN_HPP
#define MLFFGEN_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "mlffgen.h"

#if __cplusplus >= 202002L
#include <span>
#endif

namespace mlffgen {

#if __cplusplus >= 202002L
template <class T>
using Span = std::span<T>;
#else
// An array that belongs to somebody else.
template <class T>
class Span {
 public:
  constexpr Span() = default;
  constexpr Span(T* data, std::size_t size) : data_(data), size_(size) {}
  template <std::size_t n>
  constexpr Span(T (&array)[n]) : data_(array), size_(n) {}
  // Of a vector, a std::array, another Span, ...
  template <class Container,
            class = std::enable_if_t<std::is_convertible_v<decltype(std::declval<Container&>().data()), T*> > >
  constexpr Span(Container&& container) : data_(container.data()), size_(container.size()) {}

  constexpr T* data() const { return data_; }
  constexpr std::size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr T* begin() const { return data_; }
  constexpr T* end() const { return data_ + size_; }
  constexpr T& operator[](std::size_t k) const { return data_[k]; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};
#endif

// A call that failed; what() is one line.
class Error : public std::runtime_error {
 public:
  Error(mlffgen_status status, const std::string& message, std::int64_t system = -1, std::int64_t atom = -1)
      : std::runtime_error(message), status_(status), system_(system), atom_(atom) {}

  mlffgen_status status() const { return status_; }
  // The first at fault, counted from 0, the atom within its system; -1: not about a single one.
  std::int64_t system() const { return system_; }
  std::int64_t atom() const { return atom_; }

 private:
  mlffgen_status status_;
  std::int64_t system_, atom_;
};

// As mlffgen_options.
struct Options {
  std::string device = "host";  // "host", "cuda" or "cuda:N"
  int threads = 0;
  mlffgen_precision precision = MLFFGEN_ANY_PRECISION;
  double skin = 0;
  std::uint64_t memory_limit = 0;
  bool graphs = true;
};

// As mlffgen_info.
struct Info {
  std::string name, device, generator, length_unit, energy_unit;
  double length_in_angstrom = 0, energy_in_ev = 0, cutoff = 0;
  std::vector<std::int32_t> elements;
  std::vector<double> element_energies;
  mlffgen_precision precision = MLFFGEN_ANY_PRECISION;
  int cuda_device = -1;
};

// As mlffgen_systems, in the host's memory. One system needs no system_begin.
struct Systems {
  Span<const double> positions;             // [n_atoms][3]
  Span<const std::int32_t> atomic_numbers;  // [n_atoms]
  Span<const std::int32_t> system_begin{};  // [n_systems + 1] or empty
  Span<const double> cells{};               // [n_systems][3][3] or empty
  Span<const std::int32_t> periodic{};      // [n_systems] or empty
};

// Where results go, in the host's memory; empty: not wanted.
struct Outputs {
  Span<double> energies{};       // [n_systems]
  Span<double> atom_energies{};  // [n_atoms]
  Span<double> forces{};         // [n_atoms][3]
  Span<double> virials{};        // [n_systems][3][3]
};

struct Results {
  std::vector<double> energies;       // [n_systems]
  std::vector<double> atom_energies;  // [n_atoms]
  std::vector<double> forces;         // [n_atoms][3]; empty without forces
  std::vector<double> virials;        // [n_systems][3][3]; empty without forces
};

// As mlffgen_profile_report and mlffgen_step; microseconds.
struct Step {
  std::string part, name;
  mlffgen_time time{};
  std::uint64_t bytes = 0;
  int blocks = 0, threads = 0, shared_bytes = 0;
};
struct Profile {
  std::vector<Step> steps;
  mlffgen_time call{}, all_steps{}, graph{}, plain_call{};
  std::int64_t n_pairs = 0;
  int tile_atoms = 0;
};

// "0.1.0": of the library.
inline std::string version() { return mlffgen_version(); }

// A model on a device. Moves, does not copy.
class Model {
 public:
  explicit Model(const std::string& path, const Options& options = {}) {
    mlffgen_options c{};
    c.struct_size = sizeof c;
    c.device = options.device.c_str();
    c.threads = options.threads;
    c.precision = options.precision;
    c.skin = options.skin;
    c.memory_limit = options.memory_limit;
    c.no_graphs = options.graphs ? 0 : 1;
    mlffgen_model* model = nullptr;
    throw_unless_ok(mlffgen_create(path.c_str(), &c, &model));
    handle_.reset(model);
  }

  Info info() const {
    mlffgen_info c{};
    c.struct_size = sizeof c;
    throw_unless_ok(mlffgen_get_info(handle_.get(), &c));
    Info info;
    info.name = c.name;
    info.device = c.device;
    info.generator = c.generator;
    info.length_unit = c.length_unit;
    info.energy_unit = c.energy_unit;
    info.length_in_angstrom = c.length_in_angstrom;
    info.energy_in_ev = c.energy_in_ev;
    info.cutoff = c.cutoff;
    info.elements.assign(c.elements, c.elements + c.n_elements);
    info.element_energies.assign(c.element_energies, c.element_energies + c.n_elements);
    info.precision = static_cast<mlffgen_precision>(c.precision);
    info.cuda_device = c.cuda_device;
    return info;
  }

  // Everything, or everything but forces and virials.
  Results evaluate(const Systems& systems, bool forces = true) {
    Results results;
    evaluate(systems, results, forces);
    return results;
  }

  // Into results, whose memory is used again.
  void evaluate(const Systems& systems, Results& results, bool forces = true) {
    const mlffgen_systems c = c_systems(systems);
    const auto atoms = static_cast<std::size_t>(c.n_atoms), n_systems = static_cast<std::size_t>(c.n_systems);
    results.energies.resize(n_systems);
    results.atom_energies.resize(atoms);
    results.forces.resize(forces ? 3 * atoms : 0);
    results.virials.resize(forces ? 9 * n_systems : 0);
    evaluate(systems, Outputs{results.energies, results.atom_energies, results.forces, results.virials});
  }

  // Into the caller's arrays.
  void evaluate(const Systems& systems, const Outputs& outputs) {
    const mlffgen_systems c = c_systems(systems);
    const auto atoms = static_cast<std::size_t>(c.n_atoms), n_systems = static_cast<std::size_t>(c.n_systems);
    mlffgen_results out{};
    out.struct_size = sizeof out;
    out.energies = output(outputs.energies, n_systems, "energies");
    out.atom_energies = output(outputs.atom_energies, atoms, "atom_energies");
    out.forces = output(outputs.forces, 3 * atoms, "forces");
    out.virials = output(outputs.virials, 9 * n_systems, "virials");
    throw_unless_ok(mlffgen_evaluate(handle_.get(), &c, &out));
  }

  // Pointers of the GPU, as mlffgen_evaluate_on_device and mlffgen_enqueue.
  void evaluate_on_device(const mlffgen_systems& systems, const mlffgen_results& results, void* stream = nullptr) {
    throw_unless_ok(mlffgen_evaluate_on_device(handle_.get(), &systems, &results, stream));
  }
  void enqueue(const mlffgen_systems& systems, const mlffgen_results& results, void* stream = nullptr) {
    throw_unless_ok(mlffgen_enqueue(handle_.get(), &systems, &results, stream));
  }

  // False: the calls of enqueue() since the last check have to be repeated (MLFFGEN_TRY_AGAIN).
  bool check() {
    const mlffgen_status status = mlffgen_check(handle_.get());
    if (status == MLFFGEN_TRY_AGAIN) return false;
    throw_unless_ok(status);
    return true;
  }

  void reserve(std::int32_t n_atoms, std::int32_t n_systems, std::int64_t n_pairs = 0) {
    throw_unless_ok(mlffgen_reserve(handle_.get(), n_atoms, n_systems, n_pairs));
  }

  mlffgen_memory memory() const {
    mlffgen_memory c{};
    c.struct_size = sizeof c;
    throw_unless_ok(mlffgen_get_memory(handle_.get(), &c));
    return c;
  }

  mlffgen_statistics statistics() const {
    mlffgen_statistics c{};
    c.struct_size = sizeof c;
    throw_unless_ok(mlffgen_get_statistics(handle_.get(), &c));
    return c;
  }

  // Times calls of this batch, with everything computed, or everything but forces and virials. 0: the defaults.
  Profile profile(const Systems& systems, bool forces = true, int repeats = 0, int warm_up = 0) {
    const mlffgen_systems c = c_systems(systems);
    std::vector<double> energies(static_cast<std::size_t>(c.n_systems)),
        force(forces ? 3 * static_cast<std::size_t>(c.n_atoms) : 0);
    mlffgen_results out{};
    out.struct_size = sizeof out;
    out.energies = energies.data();
    out.forces = forces ? force.data() : nullptr;
    const mlffgen_profile_options options = profile_options(repeats, warm_up);
    mlffgen_profile_report report = empty_report();
    throw_unless_ok(mlffgen_profile(handle_.get(), &c, &out, &options, &report));
    return steps_of(report);
  }
  // Pointers of the GPU, as mlffgen_profile_on_device.
  Profile profile_on_device(const mlffgen_systems& systems, const mlffgen_results& results, void* stream = nullptr,
                            int repeats = 0, int warm_up = 0) {
    const mlffgen_profile_options options = profile_options(repeats, warm_up);
    mlffgen_profile_report report = empty_report();
    throw_unless_ok(mlffgen_profile_on_device(handle_.get(), &systems, &results, stream, &options, &report));
    return steps_of(report);
  }

  mlffgen_model* handle() const { return handle_.get(); }

 private:
  struct Destroy {
    void operator()(mlffgen_model* model) const { mlffgen_destroy(model); }
  };

  static void throw_unless_ok(mlffgen_status status) {
    if (status == MLFFGEN_OK) return;
    throw Error(status, mlffgen_last_error(), mlffgen_error_system(), mlffgen_error_atom());
  }

  static mlffgen_profile_options profile_options(int repeats, int warm_up) {
    mlffgen_profile_options options{};
    options.struct_size = sizeof options;
    options.repeats = repeats;
    options.warm_up = warm_up;
    return options;
  }

  static mlffgen_profile_report empty_report() {
    mlffgen_profile_report report{};
    report.struct_size = sizeof report;
    return report;
  }

  Profile steps_of(const mlffgen_profile_report& report) {
    Profile profile;
    profile.call = report.call;
    profile.all_steps = report.all_steps;
    profile.graph = report.graph;
    profile.plain_call = report.plain_call;
    profile.n_pairs = report.n_pairs;
    profile.tile_atoms = report.tile_atoms;
    for (std::int32_t k = 0; k < report.n_steps; ++k) {
      mlffgen_step c{};
      c.struct_size = sizeof c;
      throw_unless_ok(mlffgen_get_step(handle_.get(), k, &c));
      profile.steps.push_back({c.part, c.name, c.time, c.bytes, c.blocks, c.threads, c.shared_bytes});
    }
    return profile;
  }

  static void require(bool condition, const std::string& message) {
    if (!condition) throw Error(MLFFGEN_INVALID_ARGUMENT, message);
  }

  // nullptr for an array that is not wanted. An array of no elements is not told from one that is not wanted.
  static double* output(Span<double> array, std::size_t size, const char* name) {
    if (array.empty()) return nullptr;
    require(array.size() == size, std::string(name) + " has " + std::to_string(array.size()) + " elements, not the " +
                                      std::to_string(size) + " of the batch");
    return array.data();
  }

  static mlffgen_systems c_systems(const Systems& systems) {
    const std::size_t atoms = systems.atomic_numbers.size();
    const std::size_t n = systems.system_begin.empty() ? 1 : systems.system_begin.size() - 1;
    require(atoms <= INT32_MAX && n <= INT32_MAX, "a batch must have less than 2^31 atoms and systems");
    require(systems.positions.size() == 3 * atoms, "positions has " + std::to_string(systems.positions.size()) +
                                                       " elements, not three for each of the " + std::to_string(atoms) +
                                                       " atomic numbers");
    require(systems.cells.empty() || systems.cells.size() == 9 * n, "cells must have nine elements a system");
    require(systems.periodic.empty() || systems.periodic.size() == n, "periodic must have one element a system");
    mlffgen_systems c{};
    c.struct_size = sizeof c;
    c.n_systems = static_cast<std::int32_t>(n);
    c.n_atoms = static_cast<std::int32_t>(atoms);
    c.system_begin = systems.system_begin.empty() ? nullptr : systems.system_begin.data();
    c.positions = systems.positions.data();
    c.atomic_numbers = systems.atomic_numbers.data();
    c.cells = systems.cells.empty() ? nullptr : systems.cells.data();
    c.periodic = systems.periodic.empty() ? nullptr : systems.periodic.data();
    return c;
  }

  std::unique_ptr<mlffgen_model, Destroy> handle_;
};

}  // namespace mlffgen

#endif
