// A small untrained model as a file in a folder, and options to compile it.
#pragma once

#include "base/files.h"
#include "codegen/driver/compile.h"
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

inline std::string section(const driver::Compiled& compiled, const std::string& name) {
  for (const runtime::BundleSection& s : compiled.sections) {
    if (s.name == name) return s.bytes;
  }
  return "no section " + name;
}

}  // namespace mlffgen::test
