#include "compiled_model.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "base/files.h"
#include "codegen/ir/interpret.h"
#include "runtime/bundle.h"

namespace mlffgen::test {

using runtime::Structure;
using runtime::Vector3;

namespace {

driver::Options options_for(const std::filesystem::path& folder, const std::string& spec, bool double_precision,
                            passes::RadialForm form, const std::string& code_form) {
  write_file_atomically(folder / "spec.yaml", spec);
  driver::Options options;
  options.spec = folder / "spec.yaml";
  options.untrained_seed = 1;
  options.double_precision = double_precision;
  options.radial = form;
  options.forms = {code_form};
  options.host_cpus = {"native"};
  return options;
}

driver::Model front_of(const driver::Options& options) {
  std::vector<std::pair<std::string, double>> seconds;
  return driver::build_model(options, {}, seconds);
}

runtime::HostModel host_of(const driver::Options& options) {
  const std::filesystem::path path = options.spec.parent_path() / "model.mlff";
  runtime::Bundle::write(path, driver::compile(options, {}).sections);
  return runtime::HostModel(runtime::Bundle::open(path));
}

}  // namespace

// The folder lives as long as the constructor runs.
CompiledModel::CompiledModel(const std::string& spec, bool double_precision, passes::RadialForm form,
                             const std::string& code_form)
    : CompiledModel(TemporaryFolder(), spec, double_precision, form, code_form) {}

CompiledModel::CompiledModel(const TemporaryFolder& folder, const std::string& spec, bool double_precision,
                             passes::RadialForm form, const std::string& code_form)
    : front_(front_of(options_for(folder.path(), spec, double_precision, form, code_form))),
      host_(host_of(options_for(folder.path(), spec, double_precision, form, code_form))) {}

namespace {

using Image = std::tuple<int, int, int, int, int>;  // atom, neighbour, cell

ir::Sample sample_of_structure(const driver::Model& model, const Structure& structure) {
  ir::Sample sample;
  for (const int number : structure.atomic_numbers) {
    const auto& known = model.passes.graph.elements;
    sample.element.push_back(static_cast<int>(std::find(known.begin(), known.end(), number) - known.begin()));
  }
  std::map<Image, int> index;
  std::vector<Image> images;
  const auto atoms = static_cast<int>(structure.positions.size());
  const auto reach = [&](std::size_t k) { return structure.periodic[k] ? 4 : 0; };
  for (int i = 0; i < atoms; ++i) {
    for (int j = 0; j < atoms; ++j) {
      for (int a = -reach(0); a <= reach(0); ++a) {
        for (int b = -reach(1); b <= reach(1); ++b) {
          for (int c = -reach(2); c <= reach(2); ++c) {
            Vector3 d{};
            for (std::size_t x = 0; x < 3; ++x) {
              d[x] = structure.positions[static_cast<std::size_t>(j)][x] -
                     structure.positions[static_cast<std::size_t>(i)][x] + a * structure.cell[0][x] +
                     b * structure.cell[1][x] + c * structure.cell[2][x];
            }
            const double r = std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
            if (r == 0 || r >= model.passes.graph.cutoff) continue;
            index[{i, j, a, b, c}] = static_cast<int>(images.size());
            images.emplace_back(i, j, a, b, c);
            sample.centre.push_back(i);
            sample.neighbour.push_back(j);
            sample.displacement.push_back(d);
          }
        }
      }
    }
  }
  for (const auto& [i, j, a, b, c] : images) sample.reverse.push_back(index.at({j, i, -a, -b, -c}));
  return sample;
}

}  // namespace

runtime::Result interpreted(const driver::Model& model, const Structure& structure) {
  const ir::Sample sample = sample_of_structure(model, structure);
  runtime::Result result;
  result.energy = energy_of(model.passes.graph, sample);
  for (const int element : sample.element)
    result.energy += model.passes.element_energy[static_cast<std::size_t>(element)];
  for (const Vector& force : forces_of(model.passes.graph, sample)) result.forces.push_back(force);
  return result;
}

std::vector<Structure> varied_structures(std::uint64_t seed) {
  Random random(seed);
  const auto make = [&](int atoms, double side) {
    static constexpr int kNumbers[] = {1, 6, 8};
    const Molecule molecule = random_molecule(random, atoms, 3, side);
    Structure structure;
    for (const int element : molecule.element) structure.atomic_numbers.push_back(kNumbers[element]);
    for (const Vector& p : molecule.positions) structure.positions.push_back(p);
    return structure;
  };
  std::vector<Structure> all = {make(5, 2.4), make(1, 1), make(2, 3)};
  all[2].positions = {{0, 0, 0}, {0, 5.5, 0}};
  Structure box = make(3, 2.2);
  box.cell = {{{3.1, 0, 0}, {0.7, 3.4, 0}, {-0.4, 0.5, 3.6}}};
  box.periodic = {true, true, true};
  all.push_back(box);
  Structure slab = make(4, 3.0);
  slab.cell = {{{6.3, 0.2, 0}, {0, 0, 0}, {0.5, 0.1, 4.8}}};
  slab.periodic = {true, false, true};
  all.push_back(slab);
  all.push_back(make(19, 6.0));
  return all;
}

Difference difference(const std::vector<runtime::Result>& a, const std::vector<runtime::Result>& b) {
  Difference worst;
  for (std::size_t s = 0; s < a.size(); ++s) {
    double magnitude = 0, largest = 0, change = 0;
    for (const double e : a[s].atom_energies) magnitude += std::abs(e);
    for (std::size_t i = 0; i < a[s].forces.size(); ++i) {
      for (std::size_t c = 0; c < 3; ++c) {
        largest = std::max(largest, std::abs(b[s].forces[i][c]));
        change = std::max(change, std::abs(a[s].forces[i][c] - b[s].forces[i][c]));
      }
    }
    worst.energy = std::max(worst.energy, std::abs(a[s].energy - b[s].energy) / magnitude);
    worst.force = std::max(worst.force, largest > 0 ? change / largest : change);
  }
  return worst;
}

}  // namespace mlffgen::test
