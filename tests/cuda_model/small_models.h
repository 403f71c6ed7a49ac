// Small models and structures that run quickly on a GPU in software.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "codegen/driver/compile.h"
#include "runtime/bundle.h"
#include "runtime/result.h"
#include "runtime/structure.h"
#include "tests/driver/small_model.h"

namespace mlffgen::test {

// MLFFGEN_TEST_MODELS names the folder of models that a build with LLVM has saved (save_models.cpp) for one without,
// which makes no host code to compare with.
inline runtime::Bundle compile_bundle(bool double_precision, const std::vector<std::string>& gpu_archs = {},
                                      const std::string& spec = kSmallSpec, const std::string& saved_name = "small",
                                      const std::vector<std::string>& forms = {"fused"}) {
  const char* const saved = std::getenv("MLFFGEN_TEST_MODELS");
  if (saved != nullptr && gpu_archs.empty()) {
    const std::string file = "/" + saved_name + (double_precision ? "-double.mlff" : "-float.mlff");
    return runtime::Bundle::parse(read_binary_file(saved + file), "small.mlff");
  }
  SmallModel model(spec);
  model.options.double_precision = double_precision;
  if (saved == nullptr) model.options.host_cpus = {"x86-64-v3"};
  model.options.gpu_archs = gpu_archs;
  model.options.forms = forms;
  const std::string bytes = runtime::Bundle::serialise(driver::compile(model.options, {}).sections);
  return runtime::Bundle::parse({bytes.begin(), bytes.end()}, "small.mlff");
}

// A PaiNN of 8 features and 2 layers for H, C and O, cutoff 5: compiled once.
inline const runtime::Bundle& small_bundle(bool double_precision) {
  static const std::array<runtime::Bundle, 2> bundles = {compile_bundle(false), compile_bundle(true)};
  return bundles[double_precision ? 1 : 0];
}

// A float PaiNN whose dense layers are large enough for tensor cores: compiled once.
inline const runtime::Bundle& wide_bundle() {
  static const runtime::Bundle bundle = compile_bundle(
      false, {},
      "mlffgen: 1\nname: wide\nunits: {length: angstrom, energy: eV}\nelements: [H, C, O]\ncutoff: 5.0\n"
      "architecture: painn-schnetpack\nparameters: {features: 32, layers: 2, gaussians: 9, readout: 16}\n",
      "wide");
  return bundle;
}

// A float PaiNN with more channels than three warps have lanes: compiled once.
inline const runtime::Bundle& broad_bundle() {
  static const runtime::Bundle bundle = compile_bundle(
      false, {},
      "mlffgen: 1\nname: broad\nunits: {length: angstrom, energy: eV}\nelements: [H, C, O]\ncutoff: 5.0\n"
      "architecture: painn-schnetpack\nparameters: {features: 112, layers: 2, gaussians: 9, readout: 16}\n",
      "broad");
  return bundle;
}

// A float PaiNN of 8 features and one layer in several forms: compiled once.
inline const runtime::Bundle& forms_bundle() {
  static const runtime::Bundle bundle = compile_bundle(
      false, {},
      "mlffgen: 1\nname: forms\nunits: {length: angstrom, energy: eV}\nelements: [H, C, O]\ncutoff: 5.0\n"
      "architecture: painn-schnetpack\nparameters: {features: 8, layers: 1, gaussians: 9, readout: 5}\n",
      "forms", {"fused", "split", "unfused"});
  return bundle;
}

// The bundle with another text in the place of one of its sections.
inline runtime::Bundle with_section(const runtime::Bundle& bundle, const std::string& section,
                                    const std::string& text) {
  std::vector<runtime::BundleSection> sections;
  for (const std::string& name : bundle.names()) {
    sections.push_back({name, name == section ? text : std::string(bundle.text(name))});
  }
  const std::string bytes = runtime::Bundle::serialise(sections);
  return runtime::Bundle::parse({bytes.begin(), bytes.end()}, "changed.mlff");
}

// Atoms on a disturbed lattice of spacing 1.6 in a skewed cell; bit d of periodicity: periodic along d.
inline runtime::Structure crystal(int nx, int ny, int nz, int periodicity, unsigned seed) {
  constexpr double kSpacing = 1.6;
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> shift(-0.2, 0.2);
  const std::array<int, 3> elements = {1, 6, 8};
  runtime::Structure structure;
  structure.cell = {{{nx * kSpacing, 0, 0}, {0.3, ny * kSpacing, 0}, {-0.2, 0.4, nz * kSpacing}}};
  for (std::size_t d = 0; d < 3; ++d) structure.periodic[d] = ((periodicity >> d) & 1) != 0;
  for (int k = 0; k < nx * ny * nz; ++k) {
    const std::array<double, 3> at = {1.0 * (k % nx) / nx, 1.0 * (k / nx % ny) / ny, 1.0 * (k / nx / ny) / nz};
    runtime::Vector3 r{};
    for (std::size_t d = 0; d < 3; ++d) {
      for (std::size_t c = 0; c < 3; ++c) r[c] += at[d] * structure.cell[d][c];
    }
    for (double& x : r) x += shift(random);
    structure.positions.push_back(r);
    structure.atomic_numbers.push_back(elements[static_cast<std::size_t>(random() % 3)]);
  }
  return structure;
}

inline runtime::Structure molecule(int n_atoms, unsigned seed) {
  runtime::Structure structure = crystal(2, 2, (n_atoms + 3) / 4, 0, seed);
  structure.positions.resize(static_cast<std::size_t>(n_atoms));
  structure.atomic_numbers.resize(static_cast<std::size_t>(n_atoms));
  return structure;
}

inline bool same_bits(const runtime::Result& a, const runtime::Result& b) {
  return a.energy == b.energy && a.atom_energies == b.atom_energies && a.forces == b.forces && a.virial == b.virial;
}

inline bool same_bits(const std::vector<runtime::Result>& a, const std::vector<runtime::Result>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t k = 0; k < a.size(); ++k) {
    if (!same_bits(a[k], b[k])) return false;
  }
  return true;
}

// The largest deviations: of energies relative to the largest energy of an atom, of forces to the largest force, of the
// virial to its largest element.
struct Deviation {
  double energy = 0, force = 0, virial = 0;
};

inline Deviation deviation(const runtime::Result& result, const runtime::Result& reference) {
  Deviation worst;
  double scale = 0, energy = std::abs(result.energy - reference.energy);
  for (std::size_t i = 0; i < reference.atom_energies.size(); ++i) {
    scale = std::max(scale, std::abs(reference.atom_energies[i]));
    energy = std::max(energy, std::abs(result.atom_energies[i] - reference.atom_energies[i]));
  }
  worst.energy = energy / (scale * static_cast<double>(std::max<std::size_t>(reference.atom_energies.size(), 1)));
  const auto compare = [](const auto& a, const auto& b) {
    double largest = 0, difference = 0;
    for (std::size_t k = 0; k < a.size(); ++k) {
      largest = std::max(largest, std::abs(b[k]));
      difference = std::max(difference, std::abs(a[k] - b[k]));
    }
    return largest == 0 ? difference : difference / largest;
  };
  std::vector<double> a, b;
  for (const auto& f : result.forces) a.insert(a.end(), f.begin(), f.end());
  for (const auto& f : reference.forces) b.insert(b.end(), f.begin(), f.end());
  worst.force = a.size() == b.size() ? compare(a, b) : 1;
  worst.virial = compare(result.virial, reference.virial);
  return worst;
}

// Equal but for rounding: how many atoms a block takes depends on the size of the call, and may change how sums are
// taken.
inline bool nearly_same(const runtime::Result& a, const runtime::Result& b, double bound = 1e-12) {
  const Deviation worst = deviation(a, b);
  return worst.energy <= bound && worst.force <= bound && worst.virial <= bound;
}

inline bool nearly_same(const std::vector<runtime::Result>& a, const std::vector<runtime::Result>& b,
                        double bound = 1e-12) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](const runtime::Result& x, const runtime::Result& y) { return nearly_same(x, y, bound); });
}

}  // namespace mlffgen::test
