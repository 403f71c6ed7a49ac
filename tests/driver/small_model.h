// A small untrained model as a file in a folder, and options to compile it.
#pragma once

#include "base/files.h"
#include "codegen/driver/compile.h"
#include "codegen/driver/targets.h"
#include "tests/base/temporary_folder.h"

namespace mlffgen::test {

inline constexpr const char* kSmallSpec =
    "mlffgen: 1\nname: small\nunits: {length: angstrom, energy: eV}\nelements: [H, C, O]\ncutoff: 5.0\n"
    "architecture: painn-schnetpack\nparameters: {features: 8, layers: 2, gaussians: 9, readout: 5}\n";

struct SmallModel {
  TemporaryFolder folder;
  driver::Options options;

  explicit SmallModel(const std::string& spec = kSmallSpec) {
    write_file_atomically(folder.path() / "spec.yaml", spec);
    options.spec = folder.path() / "spec.yaml";
    options.untrained_seed = 1;
  }
};

// Text for the end of a source that does not compile unless the source's constants give the launch of a phase.
inline std::string launch_probe(const emit::Phase& phase, int threads, std::size_t shared_bytes) {
  const std::string record =
      phase.has_pairs ? "(" + std::to_string(phase.record_numbers) + " * sizeof(real) + 2 * sizeof(int) + 15) / 16 * 16"
                      : "0";
  const std::string ring = phase.has_products ? "kRingReals" : "0";
  return "static_assert((" + ring + " + whole_quads(kTile * " + std::to_string(phase.tile_numbers) +
         ") + kTeams * whole_quads(kPairChunk * (int)(" + record + ") / (int)sizeof(real) + kPairChunk * kWarps * " +
         std::to_string(phase.deferred_numbers) + " + kPairBatch * " + std::to_string(phase.team_numbers) +
         " + kTeamScratch)) * sizeof(real) == " + std::to_string(shared_bytes) + ", \"\");\n" +
         "static_assert(kBlock == " + std::to_string(threads) + ", \"\");\n";
}

inline std::string section(const driver::Compiled& compiled, const std::string& name) {
  for (const runtime::BundleSection& s : compiled.sections) {
    if (s.name == name) return s.bytes;
  }
  return "no section " + name;
}

}  // namespace mlffgen::test
