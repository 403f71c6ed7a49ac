#include "runtime/extxyz.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <sstream>

#include "base/error.h"

using namespace mlffgen;
using namespace mlffgen::runtime;

namespace {

std::vector<Frame> read_all(const std::string& text) {
  std::istringstream stream(text);
  ExtxyzReader reader(stream, "in.xyz");
  std::vector<Frame> frames;
  for (Frame frame; reader.read(frame);) frames.push_back(frame);
  return frames;
}

std::string error_of(const std::string& text) {
  try {
    read_all(text);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

std::string written(const Frame& frame) {
  std::ostringstream stream;
  write_extxyz(stream, frame);
  return stream.str();
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

const std::string kFull =
    "2\n"
    "Lattice=\"7 0 0 0.5 12 0 0 0 12\" pbc=\"T F T\" Properties=species:S:1:pos:R:3:tag:I:1:forces:R:3:velo:R:2 "
    "energy=-1.5 stress=\"1 2 3 4 5 6\" virial=\"1 2 3 4 5 6 7 8 9\" name=\"two atoms\" config=\"a \\\"b\\\" c\" "
    "step=12 list=[1, 2] flag\n"
    "O 0 0 0.25 7 1 2 3 0.1 1e-3\n"
    "H 1.5 -2 +3 8 4 5 6 x y\n";

}  // namespace

TEST_CASE("a frame is read with its cell, periodicity, results and columns") {
  const auto frames = read_all(kFull + "1\n\nXe 1 2 3\n\n \n");
  REQUIRE(frames.size() == 2);
  const auto& frame = frames[0];
  CHECK(frame.structure.atomic_numbers == std::vector<int>{8, 1});
  CHECK(frame.structure.positions == std::vector<Vector3>{{0, 0, 0.25}, {1.5, -2, 3}});
  CHECK(frame.structure.cell == std::array<Vector3, 3>{{{7, 0, 0}, {0.5, 12, 0}, {0, 0, 12}}});
  CHECK(frame.structure.periodic == std::array<bool, 3>{true, false, true});
  CHECK(frame.forces == std::vector<Vector3>{{1, 2, 3}, {4, 5, 6}});
  CHECK(frame.energy == -1.5);
  CHECK(frame.virial == std::array<double, 9>{1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(frame.stress == std::array<double, 9>{1, 6, 5, 6, 2, 4, 5, 4, 3});
  CHECK(frame.name == "two atoms");
  REQUIRE(frame.columns.size() == 2);
  CHECK(frame.columns[1].text[1] == "x y");
  CHECK(frame.line == 1);

  CHECK(frames[1].structure.atomic_numbers == std::vector<int>{54});
  CHECK(frames[1].structure.periodic == std::array<bool, 3>{});
  CHECK_FALSE(frames[1].energy);
  CHECK(frames[1].info.empty());
  CHECK(frames[1].line == 5);
}

TEST_CASE("what is written reads back the same, unknown keys and columns included") {
  const auto frame = read_all(kFull)[0];
  const auto text = written(frame);
  CHECK(contains(text, "config=\"a \\\"b\\\" c\""));
  CHECK(contains(text, "list=[1, 2] flag"));
  CHECK(contains(text, "name=\"two atoms\""));
  CHECK(written(read_all(text)[0]) == text);
  const auto again = read_all(text)[0];
  CHECK(again.structure.cell == frame.structure.cell);
  CHECK(again.structure.periodic == frame.structure.periodic);
  CHECK(again.stress == frame.stress);
  CHECK(again.columns[0].text == frame.columns[0].text);
}

TEST_CASE("numbers are written with 16 significant digits") {
  Frame frame;
  frame.structure.atomic_numbers = {1};
  frame.structure.positions = {{1.0 / 3, -97087.92750229355, 1e-30}};
  CHECK(contains(written(frame), "H 0.3333333333333333 -97087.92750229355 1e-30\n"));
}

TEST_CASE("a lattice without pbc is periodic in all directions") {
  CHECK(read_all("1\nLattice=\"1 0 0 0 1 0 0 0 1\"\nH 0 0 0\n")[0].structure.periodic == std::array{true, true, true});
  CHECK(read_all("1\nLattice=\"1 0 0 0 1 0 0 0 1\" pbc=F\nH 0 0 0\n")[0].structure.periodic ==
        std::array{false, false, false});
}

TEST_CASE("plain titles, atomic numbers and Windows line ends are read") {
  CHECK(read_all("1\r\nan atom's title\r\nH 0 0 0\r\n")[0].info[1].first == "atom's");
  CHECK(read_all("1\nProperties=Z:I:1:pos:R:3\n26 0 0 0")[0].structure.atomic_numbers[0] == 26);
  CHECK(read_all("1\n\n26 0 0 0")[0].structure.atomic_numbers[0] == 26);
}

TEST_CASE("mistakes are reported with file and line") {
  const std::string head = "2\nProperties=species:S:1:pos:R:3\n";
  CHECK(contains(error_of(head + "H 0 0 0\nH 0 0\n"), "in.xyz:4: atom 1 (counting from 0) of 2 has 3 columns"));
  CHECK(contains(error_of(head + "H 0 0 0\n"), "in.xyz:3: the file ends within the frame of line 1: 1 of 2 atoms"));
  CHECK(contains(error_of("2\n"), "in.xyz:1: the file ends"));
  CHECK(contains(error_of(head + "H 0 0 0\nH 0 zero 0\n"), "in.xyz:4: a position must be a number, not 'zero'"));
  CHECK(contains(error_of(head + "H 0 0 0\nH 0 nan 0\n"), "in.xyz:4: a position must be a finite number"));
  CHECK(contains(error_of(head + "H 0 0 0\nH 0 -inf 0\n"), "finite"));
  CHECK(contains(error_of(head + "H 0 0 0\nH 0 1e999 0\n"), "finite"));
  CHECK(contains(error_of(head + "H 0 0 0\nH 0 1.5x 0\n"), "must be a number"));
  CHECK(contains(error_of(head + "Cx 0 0 0\nH 0 0 0\n"), "in.xyz:3: "));
  CHECK(contains(error_of(head + "Hee 0 0 0\nH 0 0 0\n"), "did you mean"));
  CHECK(contains(error_of(head + "H 0 0 0\nH 0 0 0\nH 0 0 0\n"), "in.xyz:5: a frame begins"));
  CHECK(contains(error_of("-1\n\n"), "number of atoms"));
  CHECK(contains(error_of("0\n\n"), "1 or more"));
  CHECK(contains(error_of("99999999999999999999\n\n"), "number of atoms"));
  CHECK(contains(error_of("1\nLattice=\"1 0 0\"\nH 0 0 0\n"), "in.xyz:2: Lattice must have nine numbers"));
  CHECK(contains(error_of("1\nLattice=\"1 0 0 0 1 0 0 0 1\nH 0 0 0\n"), "not closed"));
  CHECK(contains(error_of("1\npbc=\"T T T\"\nH 0 0 0\n"), "needs a Lattice"));
  CHECK(contains(error_of("1\nLattice=\"1 0 0 0 1 0 0 0 1\" pbc=\"T T x\"\nH 0 0 0\n"), "three of T and F"));
  CHECK(contains(error_of("1\nProperties=species:S:1\nH\n"), "lacks pos:R:3"));
  CHECK(contains(error_of("1\nProperties=pos:R:3\n0 0 0\n"), "lacks species"));
  CHECK(contains(error_of("1\nProperties=species:S:1:pos:R:2\nH 0 0\n"), "column pos must have 3"));
  CHECK(contains(error_of("1\nProperties=species:S:1:pos:R\nH 0 0\n"), "triples"));
  CHECK(contains(error_of("1\nProperties=species:S:1:pos:R:3:x:Q:1\nH 0 0 0 1\n"), "column 'x:Q:1'"));
  CHECK(contains(error_of("1\nProperties=species:S:1:Z:I:1:pos:R:3\nH 2 0 0 0\n"), "disagree: H and He"));
  CHECK(contains(error_of("1\nenergy=1 energy=2\nH 0 0 0\n"), "energy is given twice"));
  CHECK(contains(error_of("1\nenergy=abc\nH 0 0 0\n"), "in.xyz:2: energy must be a number"));
  CHECK_THROWS_WITH_AS(read_extxyz("no/such.xyz"), doctest::Contains("no/such.xyz"), UserError);
}

TEST_CASE("the reference files are read whole") {
  const std::filesystem::path folder = "../shared/reference";
  if (!std::filesystem::exists(folder)) {
    MESSAGE("skipped: the reference models are not on this machine");
    return;
  }
  for (const char* model : {"painn_ethanol", "student_21k", "student_77k", "student_427k"}) {
    const auto frames = read_extxyz(folder / model / "reference.extxyz");
    CHECK(frames.size() > 20);
    for (const auto& frame : frames) {
      CHECK(frame.energy);
      CHECK(frame.virial);
      CHECK_FALSE(frame.name.empty());
      CHECK(frame.forces.size() == frame.structure.positions.size());
      CHECK(frame.info.empty());
      CHECK(written(read_all(written(frame))[0]) == written(frame));
    }
  }
}
