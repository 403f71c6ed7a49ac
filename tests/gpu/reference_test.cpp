// Trained models on this machine's GPU against their float64 truth, frame by frame, with the bounds of the design.
//
// The folder MLFFGEN_REFERENCE_BUNDLES holds NAME.float.mlff, NAME.double.mlff and NAME.extxyz for each model
// (tests/gpu/make_reference_bundles). Prints a table; with MLFFGEN_REFERENCE_FRAMES=1, a line a frame as well.
// MLFFGEN_REFERENCE_REPEATS (100) evaluations must give the same bits.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/units.h"
#include "runtime/bundle.h"
#include "runtime/cuda_model/cuda_model.h"
#include "runtime/extxyz.h"

using namespace mlffgen;
using runtime::Frame;
using runtime::Result;
using runtime::Structure;

namespace {

constexpr int kSkipped = 77;       // what CTest counts as skipped
constexpr double kNoForce = 1e-3;  // eV/angstrom: smaller forces are not a scale

std::filesystem::path bundle_folder() {
  const char* const folder = std::getenv("MLFFGEN_REFERENCE_BUNDLES");
  if (folder == nullptr || *folder == '\0') {
    std::puts("skipped: MLFFGEN_REFERENCE_BUNDLES names no folder of bundles (tests/gpu/make_reference_bundles)");
    std::fflush(nullptr);
    std::_Exit(kSkipped);
  }
  return folder;
}

std::vector<std::string> model_names(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".extxyz") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Evaluations that must give the same bits; fewer on a GPU in software.
int repeats() {
  const char* const text = std::getenv("MLFFGEN_REFERENCE_REPEATS");
  return text == nullptr ? 100 : std::max(1, std::atoi(text));
}

struct Difference {
  double rmse = 0, rms = 0, most = 0, largest = 0;  // of components; rms and largest are the reference's
};

Difference difference(const std::vector<runtime::Vector3>& a, const std::vector<runtime::Vector3>& b) {
  Difference d;
  for (std::size_t i = 0; i < b.size(); ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      const double delta = std::abs(a[i][k] - b[i][k]);
      d.rmse += delta * delta;
      d.rms += b[i][k] * b[i][k];
      d.most = std::max(d.most, delta);
      d.largest = std::max(d.largest, std::abs(b[i][k]));
    }
  }
  const double count = 3 * static_cast<double>(std::max<std::size_t>(b.size(), 1));
  d.rmse = std::sqrt(d.rmse / count);
  d.rms = std::sqrt(d.rms / count);
  return d;
}

double virial_deviation(const std::array<double, 9>& a, const std::array<double, 9>& b, double floor) {
  double most = 0, largest = floor;
  for (std::size_t k = 0; k < 9; ++k) {
    most = std::max(most, std::abs(a[k] - b[k]));
    largest = std::max(largest, std::abs(b[k]));
  }
  return most / largest;
}

double energy_deviation(double a, double b) { return std::abs(a - b) / std::max(std::abs(b), 1e-300); }

bool same(const Result& a, const Result& b) {
  return a.energy == b.energy && a.atom_energies == b.atom_energies && a.forces == b.forces && a.virial == b.virial;
}

// The largest of what was found on any frame, as parts of what is allowed for forces.
struct Worst {
  double energy = 0, force = 0, component = 0, virial = 0;
  double squares = 0, reference_squares = 0;  // of all components of the set
  int different = 0;                          // evaluations with other bits than the first

  double set_rmse() const { return std::sqrt(squares / std::max(reference_squares, 1e-300)); }
};

void accumulate(Worst& worst, double energy, double force, const Difference& d, double force_unit, double virial,
                std::size_t n_atoms) {
  worst.energy = std::max(worst.energy, energy);
  worst.force = std::max(worst.force, force);
  worst.component = std::max(worst.component, d.most * force_unit);
  worst.virial = std::max(worst.virial, virial);
  worst.squares += d.rmse * d.rmse * static_cast<double>(n_atoms);
  worst.reference_squares += d.rms * d.rms * static_cast<double>(n_atoms);
}

struct Model {
  std::string name;
  std::vector<Frame> frames;
  std::vector<Structure> structures;
};

Model read_model(const std::filesystem::path& folder, const std::string& name) {
  Model model{name, runtime::read_extxyz(folder / (name + ".extxyz")), {}};
  for (const Frame& frame : model.frames) model.structures.push_back(frame.structure);
  return model;
}

void print_frame(const Frame& frame, double energy, const Difference& d, double virial) {
  if (std::getenv("MLFFGEN_REFERENCE_FRAMES") == nullptr) return;
  fmt::print("    {:<26} {:5} atoms  energy {:8.1e}  force rmse/rms {:8.1e}  most {:8.1e} of {:8.1e}  virial {:8.1e}\n",
             frame.name, frame.structure.positions.size(), energy, d.rms > 0 ? d.rmse / d.rms : d.rmse, d.most,
             d.largest, virial);
}

// The same bits a hundred times, and without forces; the same forces one by one.
void check_bits(cuda_model::CudaModel& gpu, const Model& model, const std::vector<Result>& first, double force_unit,
                Worst& worst) {
  std::vector<Result> again;
  for (int k = 1; k < repeats(); ++k) {
    gpu.evaluate(model.structures, {}, again);
    worst.different += std::equal(again.begin(), again.end(), first.begin(), same) ? 0 : 1;
  }
  const std::vector<Result> energies = gpu.evaluate(model.structures, {.forces = false});
  for (std::size_t s = 0; s < first.size(); ++s) {
    CAPTURE(model.frames[s].name);
    CHECK(energies[s].energy == first[s].energy);
    CHECK(energies[s].atom_energies == first[s].atom_energies);
    // Alone, blocks take fewer atoms: that may change how sums are taken.
    const Difference d = difference(gpu.evaluate({&model.structures[s], 1})[0].forces, first[s].forces);
    CHECK(d.rmse <= std::max(2e-5 * d.rms, 5e-6 / force_unit));
  }
  CHECK(worst.different == 0);
}

void print_row(const Model& model, const char* precision, const cuda_model::CudaModel& gpu, const Worst& worst) {
  fmt::print(
      "{:<14} {:<6} {:3} frames  energy {:7.1e}  force {:5.2f} of bound  set rmse {:7.1e}  most {:7.1e} "
      "eV/angstrom  virial {:7.1e}  {} of {} with other bits  ({}, {})\n",
      model.name, precision, model.frames.size(), worst.energy, worst.force, worst.set_rmse(), worst.component,
      worst.virial, worst.different, repeats(), gpu.device(), gpu.code());
  std::fflush(stdout);
}

std::vector<Result> check_double(const std::filesystem::path& folder, const Model& model) {
  cuda_model::CudaModel gpu(runtime::Bundle::open(folder / (model.name + ".double.mlff")));
  const std::vector<Result> results = gpu.evaluate(model.structures);
  const runtime::Plan& plan = gpu.plan();
  const double force_unit = energy_in_ev(plan.energy_unit) / length_in_angstrom(plan.length_unit);
  Worst worst;
  for (std::size_t s = 0; s < results.size(); ++s) {
    const Frame& frame = model.frames[s];
    CAPTURE(frame.name);
    REQUIRE(frame.energy.has_value());
    REQUIRE(frame.virial.has_value());
    const Difference d = difference(results[s].forces, frame.forces);
    const double energy = energy_deviation(results[s].energy, *frame.energy);
    const double virial = virial_deviation(results[s].virial, *frame.virial, kNoForce / energy_in_ev(plan.energy_unit));
    const double allowed = 1e-9 * std::max(d.largest, kNoForce / force_unit);
    CHECK(energy <= 1e-10);
    CHECK(d.most <= allowed);
    CHECK(virial <= 1e-9);
    print_frame(frame, energy, d, virial);
    accumulate(worst, energy, d.most / allowed, d, force_unit, virial, frame.forces.size());
  }
  check_bits(gpu, model, results, force_unit, worst);
  print_row(model, "double", gpu, worst);
  return results;
}

void check_float(const std::filesystem::path& folder, const Model& model, const std::vector<Result>& reference) {
  cuda_model::CudaModel gpu(runtime::Bundle::open(folder / (model.name + ".float.mlff")));
  const std::vector<Result> results = gpu.evaluate(model.structures);
  const runtime::Plan& plan = gpu.plan();
  const double force_unit = energy_in_ev(plan.energy_unit) / length_in_angstrom(plan.length_unit);
  Worst worst;
  for (std::size_t s = 0; s < results.size(); ++s) {
    const Frame& frame = model.frames[s];
    CAPTURE(frame.name);
    const Difference d = difference(results[s].forces, reference[s].forces);
    const double energy = energy_deviation(results[s].energy, reference[s].energy);
    const double virial =
        virial_deviation(results[s].virial, reference[s].virial, kNoForce / energy_in_ev(plan.energy_unit));
    const double allowed = std::max(2e-5 * d.rms, 5e-6 / force_unit);
    CHECK(d.rmse <= allowed);
    CHECK(d.most * force_unit <= 1e-4);
    print_frame(frame, energy, d, virial);
    accumulate(worst, energy, d.rmse / allowed, d, force_unit, virial, frame.forces.size());
  }
  check_bits(gpu, model, results, force_unit, worst);
  print_row(model, "float", gpu, worst);
}

}  // namespace

TEST_CASE("trained models meet the bounds on every frame, with the same bits every time") {
  const std::filesystem::path folder = bundle_folder();
  const std::vector<std::string> names = model_names(folder);
  REQUIRE_FALSE(names.empty());
  for (const std::string& name : names) {
    CAPTURE(name);
    const Model model = read_model(folder, name);
    check_float(folder, model, check_double(folder, model));
  }
}
