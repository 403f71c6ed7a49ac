// What `mlffgen verify` finds out about a model, section by section: rows that pass or fail, tables and charts.
//
// Forces and lengths in tables and charts are in eV and angstrom. Rows have the errors and bounds of cli/checks.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/checks/checks.h"
#include "cli/comparison.h"
#include "cli/md_engine.h"
#include "cli/peer.h"
#include "cli/table.h"

namespace mlffgen::cli {

struct VerifyChart {
  std::string file, title, svg;
};

struct VerifyTable {
  std::string title;
  Table table;
};

struct VerifySection {
  std::string title, text;
  std::vector<CheckRow> rows;
  std::vector<VerifyTable> tables;
  std::vector<VerifyChart> charts;
};

// Structures of the user's file: in the model's units, and as they stand there with the labels that they may have.
struct VerifyData {
  std::vector<Sample> samples;
  ComparisonSummary labels;  // the model against the labels
};

struct VerifyInput {
  const runtime::Bundle& bundle;
  api::Device device;
  runtime::Evaluator& model;
  runtime::Evaluator* truth = nullptr;  // the same model in double precision
  std::filesystem::path weights;        // for PyTorch; may be empty
  std::string no_autograd;              // why PyTorch is not asked; empty: it is
  bool autograd_required = false;       // its failure is an error
  VerifyData data;                      // may be empty
  std::uint64_t seed = 1;
  double tolerance_scale = 1;
  double md_time = 20;          // ps, of NVE; 0: none
  double md_temperature = 300;  // K
  double timestep = 0.5;        // fs
  std::function<void(const std::string& what)> progress;

  CheckContext context(std::vector<Sample> samples) const;  // of the model
  double ev() const;                                        // one energy unit
  double force_in_ev() const;                               // one energy unit / length unit in eV/angstrom
  double angstrom() const;                                  // in the model's length unit
};

// Forces against the double build and against autograd in PyTorch, for random compositions of 1 to 200 atoms and for
// the user's structures; the errors against the user's labels.
VerifySection verify_accuracy(const VerifyInput& input);

// Gradients, symmetries, periodicity and consistency, as `mlffgen check`; gradients of the double build too.
VerifySection verify_physics(const VerifyInput& input);

// Lone atoms, nothing within the cutoff, a cell smaller than the cutoff, far from the origin, input that is none.
VerifySection verify_edge_cases(const VerifyInput& input);

// Energy and forces as an atom crosses the cutoff of another.
VerifySection verify_cutoff(const VerifyInput& input);

// NVE: the drift of the energy, and the temperature.
VerifySection verify_dynamics(const VerifyInput& input);

}  // namespace mlffgen::cli
