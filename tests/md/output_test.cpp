// The files of a run.
#include "runtime/md/output.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "runtime/extxyz.h"
#include "runtime/md/velocities.h"
#include "tests/base/temporary_folder.h"
#include "tests/md/analytic_models.h"

using namespace mlffgen;
using namespace mlffgen::md;

namespace {

std::string text_of(const std::filesystem::path& path) { return read_text_file(path, 1 << 20); }

}  // namespace

TEST_CASE("a growing file goes on where a mark says, and nowhere else") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a.csv";
  OutputMark mark;
  {
    GrowingFile file(path, {});
    CHECK(file.is_new());
    file.write("one\n");
    mark = file.mark();
    file.write("two\n");
  }
  CHECK(text_of(path) == "one\ntwo\n");
  {
    GrowingFile file(folder.path() / "." / "a.csv", {mark});
    CHECK(!file.is_new());
    file.write("three\n");
    CHECK(file.mark().bytes == 10);
  }
  CHECK(text_of(path) == "one\nthree\n");
  {
    GrowingFile other(folder.path() / "b.csv", {mark});
  }
  CHECK(text_of(folder.path() / "b.csv").empty());
  std::ofstream(path) << "on";
  CHECK_THROWS_WITH_AS(GrowingFile(path, {mark}), doctest::Contains("behind 4 bytes of this file, but it has 2"),
                       UserError);
  std::filesystem::remove(path);
  CHECK_THROWS_AS(GrowingFile(path, {mark}), UserError);
  CHECK_THROWS_WITH_AS(GrowingFile(folder.path() / "missing" / "a", {}), doctest::Contains("No such file"), UserError);
  CHECK_THROWS_WITH_AS(GrowingFile(folder.path(), {}), doctest::Contains("directory"), UserError);
}

TEST_CASE("a frame of a trajectory is a start: positions and velocities come back in other units too") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "t.extxyz";
  const Units units = Units::of("nm", "kJ/mol");
  auto structure = molecule({8, 1}, {{0.1, 0.2, 0.3}, {0.2, 0.2, 0.3}});
  structure.cell = {{{2, 0, 0}, {0, 2, 0}, {0, 0, 2}}};
  structure.periodic = {true, true, true};
  const auto systems = Systems::make({structure, structure}, {}, units, Ensemble::nve);
  State state = start_state(systems, {Ensemble::nve, 1, 300, 1, 3});
  state.step = 40;
  state.forces.assign(4, {96.48533212331, 0, 0});
  state.energies = {96.48533212331, 0};
  Trajectory(path, systems, OutputUnits::of(units, "angstrom", "eV"), 0.5, {}).write(state);

  const auto frames = runtime::read_extxyz(path);
  REQUIRE(frames.size() == 2);
  CHECK(*frames[0].energy == doctest::Approx(1));
  CHECK(frames[0].structure.positions[1][0] == doctest::Approx(2));
  CHECK(frames[0].structure.cell[2][2] == doctest::Approx(20));
  CHECK(frames[0].forces[0][0] == doctest::Approx(0.1));
  std::string keys;
  for (const auto& [key, value] : frames[1].info) keys += key + "=" + value + " ";
  CHECK(keys == "step=40 time=20 replica=1 energy_unit=eV length_unit=angstrom ");
  const auto back = read_velocities(frames[0], units, "t");
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t d = 0; d < 3; ++d)
      CHECK(back.velocities[i][d] == doctest::Approx(state.velocities[i][d]).epsilon(1e-13));
  }
  runtime::Frame momenta = frames[0];
  std::erase_if(momenta.columns, [](const auto& column) { return column.name == "velocities"; });
  CHECK(read_velocities(momenta, units, "t").velocities[1][0] ==
        doctest::Approx(state.velocities[1][0]).epsilon(1e-13));
}

TEST_CASE("the table of energies has a row a system, in its units") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "e.csv";
  const Units units = Units::of("angstrom", "eV");
  const auto systems = Systems::make({argon_cluster(), argon_cluster()}, {}, units, Ensemble::langevin);
  {
    EnergyTable table(path, systems, OutputUnits::of(units, "angstrom", "meV"), 0.5, {});
    table.write({4, {{-1, 0.25, 0.5, 0.125}, {-2, 0, 0, std::nan("")}}});
  }
  std::istringstream lines(text_of(path));
  std::string line;
  std::getline(lines, line);
  CHECK(
      line ==
      "step,time (fs),replica,potential (meV),kinetic (meV),total (meV),temperature (K),conserved (meV),shadow (meV)");
  std::getline(lines, line);
  CHECK(line == "4,2,0,-1000,250,-750,386.8172707,-1250,-1125");
  std::getline(lines, line);
  CHECK(line == "4,2,1,-2000,0,-2000,0,-2000,");
}
