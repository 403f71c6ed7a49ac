// Forces against better ones: the same model in double precision, and PyTorch's autograd on the same weights.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/elements.h"
#include "base/error.h"
#include "cli/bench_model.h"
#include "cli/checks/calm.h"
#include "cli/checks/measure.h"
#include "cli/checks/random.h"
#include "cli/svg_chart.h"
#include "cli/verify/verify.h"
#include "runtime/neighbour_list.h"

namespace mlffgen::cli {
namespace {

using runtime::Result;
using runtime::Structure;
using runtime::Vector3;

constexpr int kSizes[] = {1, 2, 3, 4, 5, 7, 10, 14, 20, 30, 50, 75, 100, 140, 200};  // atoms
constexpr int kPeriodicSizes[] = {8, 64, 200};
constexpr double kLargestComponent = 1e-4;       // eV/angstrom, at the user's structures
constexpr double kDoubleAgainstAutograd = 1e-9;  // of a structure's largest force
constexpr std::size_t kMostPoints = 3000;        // of a chart

// Random numbers of atoms of each element: some compositions are of few elements, some of all.
std::vector<int> composition(const std::vector<int>& elements, int n_atoms, Random& random) {
  std::vector<double> shares;
  for (std::size_t e = 0; e < elements.size(); ++e) shares.push_back(std::pow(random.uniform(), 3));
  const double all = std::accumulate(shares.begin(), shares.end(), 0.0);
  std::vector<int> numbers;
  for (int i = 0; i < n_atoms; ++i) {
    double at = random.uniform() * all;
    std::size_t e = 0;
    while (e + 1 < shares.size() && at >= shares[e]) at -= shares[e++];
    numbers.push_back(elements[e]);
  }
  return numbers;
}

// Those of which the model makes something sensible.
std::vector<Sample> made_up_samples(const VerifyInput& input, std::size_t& left_out) {
  const std::vector<int>& elements = input.model.plan().elements;
  Random random(input.seed + 11);
  std::vector<Sample> samples;
  const auto add = [&](std::string label, const CalmStructure& drawn) {
    if (drawn.force > kAbsurd) {
      ++left_out;
    } else {
      samples.push_back({std::move(label), drawn.structure});
    }
  };
  for (const char* which : {"a", "another"}) {
    for (const int size : kSizes) {
      add(fmt::format("{} cluster of {} atoms", which, size),
          calm_cluster(input.model, composition(elements, size, random), random));
    }
    for (const int size : kPeriodicSizes) {
      add(fmt::format("{} box of {} atoms", which, size),
          calm_box(input.model, composition(elements, size, random), random));
    }
  }
  return samples;
}

// Errors of force components.
struct Errors {
  double count = 0, squares = 0, absolutes = 0, largest = 0, truth_squares = 0;

  void add(double found, double truth) {
    const double error = std::abs(found - truth);
    count += 1;
    squares += error * error;
    absolutes += error;
    largest = std::isnan(error) ? error : std::max(largest, error);
    truth_squares += truth * truth;
  }
  void add(const std::vector<Vector3>& found, const std::vector<Vector3>& truth) {
    for (std::size_t i = 0; i < truth.size(); ++i) {
      for (std::size_t d = 0; d < 3; ++d) add(found[i][d], truth[i][d]);
    }
  }
  double rmse() const { return count > 0 ? std::sqrt(squares / count) : 0; }
  double rms_truth() const { return count > 0 ? std::sqrt(truth_squares / count) : 0; }
};

using Forces = std::vector<std::vector<Vector3>>;  // [n_samples][n_atoms][3]

Forces forces_of(const std::vector<Result>& results) {
  Forces forces;
  for (const Result& result : results) forces.push_back(result.forces);
  return forces;
}

// One behind the other into one list a sample.
Forces cut(const std::vector<Vector3>& all, const std::vector<Sample>& samples) {
  Forces forces;
  auto next = all.begin();
  for (const Sample& sample : samples) {
    const auto end = next + static_cast<std::ptrdiff_t>(sample.structure.positions.size());
    forces.emplace_back(next, end);
    next = end;
  }
  return forces;
}

Errors errors_of(const Forces& found, const Forces& truth) {
  Errors errors;
  for (std::size_t s = 0; s < truth.size(); ++s) errors.add(found[s], truth[s]);
  return errors;
}

class Accuracy {
 public:
  explicit Accuracy(const VerifyInput& input)
      : input_(input), context_(input.context(choose_samples())), found_(forces_of(context_.results)) {
    section_.title = "Forces against better ones";
  }

  VerifySection run() {
    if (input_.truth != nullptr) evaluate_truth();
    ask_autograd();
    check_double();
    check_autograd();
    check_peer();
    describe();
    add_labels();
    return std::move(section_);
  }

 private:
  // Those made up, and the user's.
  std::vector<Sample> choose_samples() {
    input_.progress("structures");
    std::vector<Sample> samples = made_up_samples(input_, left_out_);
    made_up_ = samples.size();
    samples.insert(samples.end(), input_.data.samples.begin(), input_.data.samples.end());
    return samples;
  }

  bool is_double() const { return input_.model.plan().precision == runtime::Precision::double_precision; }

  void evaluate_truth() {
    input_.progress("the double build");
    for (const Sample& sample : context_.samples) {
      truth_.push_back(input_.truth->evaluate({&sample.structure, 1}).front());
    }
  }

  void ask_autograd() {
    no_autograd_ = input_.no_autograd;
    if (!no_autograd_.empty()) return;
    input_.progress("autograd in PyTorch");
    std::vector<Structure> structures;
    for (const Sample& sample : context_.samples) structures.push_back(sample.structure);
    try {
      Peer peer({input_.weights, input_.device, 0, input_.model.plan().cutoff});
      facts_ = peer.facts();
      peer.set_structures(structures, runtime::build_neighbour_list(structures, input_.model.plan().cutoff));
      const std::vector<Vector3> exact = peer.forces("float64"), rounded = peer.forces("float32");
      if (exact.empty() || rounded.empty()) throw PeerError("PyTorch had too little memory");
      autograd_ = cut(exact, context_.samples);
      autograd_float_ = cut(rounded, context_.samples);
    } catch (const PeerError& error) {
      if (input_.autograd_required) throw;
      no_autograd_ = error.what();
    }
  }

  // The best forces that are known.
  std::optional<Forces> best() const {
    if (!truth_.empty()) return forces_of(truth_);
    if (!autograd_.empty()) return autograd_;
    return std::nullopt;
  }

  void check_double() {
    WorstResult worst(context_, "double build");
    Worst component("double build", "component, eV/A", kLargestComponent * input_.tolerance_scale);
    if (!is_double()) {
      for (std::size_t s = 0; s < truth_.size(); ++s) {
        worst.add(context_.samples[s], truth_[s], context_.results[s]);
        if (s < made_up_) continue;
        const Errors errors = errors_of({found_[s]}, {truth_[s].forces});
        component.add(errors.largest * input_.force_in_ev(), context_.samples[s].label);
      }
    }
    const std::string reason = is_double() ? "the model is of double precision itself"
                                           : "--double does not name the double build of the model";
    worst.add_to(section_.rows, reason);
    section_.rows.push_back(component.row(truth_.empty() ? reason : "no structures were given"));
  }

  void check_autograd() {
    const bool exact = is_double() || !truth_.empty();
    const double bound = exact ? kDoubleAgainstAutograd : context_.bounds.forces;
    Worst worst(exact ? "double build against autograd" : "autograd in float64", "forces",
                bound * input_.tolerance_scale);
    const Forces found = truth_.empty() ? found_ : forces_of(truth_);
    for (std::size_t s = 0; s < autograd_.size(); ++s) {
      const Errors errors = errors_of({found[s]}, {autograd_[s]});
      const double largest = std::max(largest_force(context_.results[s]), context_.force_floor);
      const double error =
          exact ? errors.largest / largest : errors.rmse() / force_scale(context_, context_.results[s]);
      worst.add(error, context_.samples[s].label);
    }
    section_.rows.push_back(worst.row(no_autograd_));
  }

  // Rounding must not cost more than it costs PyTorch: the RMSE over what is made up and over what the model is for,
  // and the root mean square of all structures' relative errors.
  void check_peer() {
    const std::string check = "error over that of PyTorch in float32";
    Worst made_up(check, "forces, made up", 1), of_file(check, "forces, of the file", 1),
        per_structure(check, "forces, relative", 1);
    if (!autograd_float_.empty() && !is_double()) {
      const Forces truth = *best();
      Table table({"<structures", "number", "RMSE", "PyTorch's", "ratio"});
      const auto add = [&](Worst& worst, const char* label, std::size_t first, std::size_t last) {
        if (first == last) return;
        Errors ours, theirs;
        for (std::size_t s = first; s < last; ++s) {
          ours.add(found_[s], truth[s]);
          theirs.add(autograd_float_[s], truth[s]);
        }
        const double ratio = ours.rmse() / theirs.rmse(), unit = input_.force_in_ev();
        worst.add(ratio, "all of them");
        table.add({label, std::to_string(last - first), fmt::format("{:.1e}", ours.rmse() * unit),
                   fmt::format("{:.1e}", theirs.rmse() * unit), fmt::format("{:.2f}", ratio)});
      };
      add(made_up, "made up", 0, made_up_);
      add(of_file, "of the file", made_up_, truth.size());
      double ours = 0, theirs = 0;
      for (std::size_t s = 0; s < truth.size(); ++s) {
        ours += std::pow(relative(found_, truth, s), 2);
        theirs += std::pow(relative(autograd_float_, truth, s), 2);
      }
      per_structure.add(std::sqrt(ours / theirs), "all structures");
      section_.tables.push_back({"RMSE beside PyTorch in float32, eV/angstrom", table});
    }
    const std::string reason = is_double() ? "the model is of double precision itself" : no_autograd_;
    section_.rows.push_back(made_up.row(reason.empty() ? "the model makes nothing sensible of any" : reason));
    section_.rows.push_back(of_file.row(reason.empty() ? "no structures were given" : reason));
    section_.rows.push_back(per_structure.row(reason));
  }

  void describe() {
    const std::optional<Forces> truth = best();
    section_.text = fmt::format(
        "{} clusters and boxes of random compositions, relaxed towards an RMS force of {:g} eV/angstrom{}. ", made_up_,
        kLively,
        input_.data.samples.empty() ? "" : fmt::format(", {} structures of the file", input_.data.samples.size()));
    if (left_out_ > 0) {
      section_.text += fmt::format("{} more were left out, as the model gives them RMS forces above {:g} eV/angstrom. ",
                                   left_out_, kAbsurd);
    }
    if (!truth) {
      section_.text += "There is nothing to compare with.";
      return;
    }
    section_.text += fmt::format("Truth is {}.", truth_.empty() ? "PyTorch in float64" : "the double build");
    if (!facts_.is_null()) {
      section_.text += fmt::format(" PyTorch {} on {}, {}.", facts_.value("pytorch", "?"), facts_.value("device", "?"),
                                   facts_.value("dialect", "?"));
    }
    if (is_double()) return;
    by_element(*truth);
    by_component(*truth);
    by_size(*truth);
    component_chart(*truth);
  }

  std::vector<std::string> error_cells(const Errors& errors) const {
    const double unit = input_.force_in_ev();
    return {fmt::format("{:.0f}", errors.count / 3),
            fmt::format("{:.3f}", errors.rms_truth() * unit),
            fmt::format("{:.1e}", errors.rmse() * unit),
            fmt::format("{:.1e}", errors.count > 0 ? errors.absolutes / errors.count * unit : 0),
            fmt::format("{:.1e}", errors.largest * unit),
            errors.rms_truth() > 0 ? fmt::format("{:.1e}", errors.rmse() / errors.rms_truth()) : "-"};
  }

  void by_element(const Forces& truth) {
    std::map<int, Errors> errors;
    for (std::size_t s = 0; s < truth.size(); ++s) {
      const std::vector<int>& numbers = context_.samples[s].structure.atomic_numbers;
      for (std::size_t i = 0; i < truth[s].size(); ++i) {
        for (std::size_t d = 0; d < 3; ++d) {
          errors[numbers[i]].add(found_[s][i][d], truth[s][i][d]);
        }
      }
    }
    Table table({"<element", "atoms", "RMS force", "RMSE", "MAE", "largest", "RMSE / RMS"});
    for (const auto& [number, of_element] : errors) {
      std::vector<std::string> cells = error_cells(of_element);
      cells.insert(cells.begin(), element_symbol(number));
      table.add(cells);
    }
    section_.tables.push_back({"By element, eV/angstrom", table});
  }

  void by_component(const Forces& truth) {
    Table table({"<component", "RMSE", "largest"});
    for (std::size_t d = 0; d < 3; ++d) {
      Errors errors;
      for (std::size_t s = 0; s < truth.size(); ++s) {
        for (std::size_t i = 0; i < truth[s].size(); ++i) {
          errors.add(found_[s][i][d], truth[s][i][d]);
        }
      }
      const double unit = input_.force_in_ev();
      table.add({std::string(1, "xyz"[d]), fmt::format("{:.1e}", errors.rmse() * unit),
                 fmt::format("{:.1e}", errors.largest * unit)});
    }
    section_.tables.push_back({"By component, eV/angstrom", table});
  }

  double relative(const Forces& found, const Forces& truth, std::size_t s) const {
    return errors_of({found[s]}, {truth[s]}).rmse() / force_scale(context_, context_.results[s]);
  }

  // Atoms of a structure against the error of its forces.
  void by_size(const Forces& truth) {
    PointChart chart;
    chart.title = "Error of the forces of a structure, over their RMS";
    chart.x = {.label = "atoms", .scale = AxisScale::logarithmic};
    chart.y = {.label = "RMSE / RMS force", .scale = AxisScale::logarithmic};
    chart.guides.push_back({ChartGuide::Direction::horizontal, context_.bounds.forces, "bound"});
    chart.footnote = "structures of which all forces are exact are left out";
    const auto add = [&](const std::string& name, const Forces& found) {
      ChartSeries series{name, {}, LineStyle::none};
      for (std::size_t s = 0; s < truth.size(); ++s) {
        const double error = relative(found, truth, s);
        if (error > 0 && std::isfinite(error)) {
          series.points.push_back({static_cast<double>(truth[s].size()), error});
        }
      }
      chart.series.push_back(series);
    };
    add("this model", found_);
    if (!autograd_float_.empty()) add("PyTorch in float32", autograd_float_);
    section_.charts.push_back({"errors_by_size.svg", chart.title, svg_of(chart)});
    Table table({"atoms", "structures", "RMS force", "RMSE", "largest", "largest RMSE / RMS", "PyTorch's"});
    std::map<std::size_t, std::vector<std::size_t>> sizes;
    for (std::size_t s = 0; s < truth.size(); ++s) sizes[truth[s].size()].push_back(s);
    const double unit = input_.force_in_ev();
    for (const auto& [size, members] : sizes) {
      Errors errors;
      double worst = 0, peer = 0;
      for (const std::size_t s : members) {
        errors.add(found_[s], truth[s]);
        worst = std::max(worst, relative(found_, truth, s));
        if (!autograd_float_.empty()) peer = std::max(peer, relative(autograd_float_, truth, s));
      }
      table.add({std::to_string(size), std::to_string(members.size()), fmt::format("{:.3f}", errors.rms_truth() * unit),
                 fmt::format("{:.1e}", errors.rmse() * unit), fmt::format("{:.1e}", errors.largest * unit),
                 fmt::format("{:.1e}", worst), autograd_float_.empty() ? "-" : fmt::format("{:.1e}", peer)});
    }
    section_.tables.push_back({"By size, eV/angstrom", table});
  }

  // Each component's error over its size, every so many of them.
  void component_chart(const Forces& truth) {
    PointChart chart;
    chart.title = "Error of each force component";
    chart.x = {.label = "|component|, eV/angstrom", .scale = AxisScale::logarithmic};
    chart.y = {.label = "|error|, eV/angstrom", .scale = AxisScale::logarithmic};
    std::size_t all = 0;
    for (const auto& forces : truth) all += 3 * forces.size();
    const std::size_t every = all / kMostPoints + 1;
    ChartSeries made_up{"made up", {}, LineStyle::none}, given{"of the file", {}, LineStyle::none};
    const double unit = input_.force_in_ev();
    std::size_t k = 0;
    for (std::size_t s = 0; s < truth.size(); ++s) {
      for (std::size_t i = 0; i < truth[s].size(); ++i) {
        for (std::size_t d = 0; d < 3; ++d) {
          if (k++ % every != 0) continue;
          const double size = std::abs(truth[s][i][d]) * unit;
          const double error = std::abs(found_[s][i][d] - truth[s][i][d]) * unit;
          if (size > 0 && error > 0 && std::isfinite(error)) {
            (s < made_up_ ? made_up : given).points.push_back({size, error});
          }
        }
      }
    }
    for (ChartSeries* series : {&made_up, &given}) {
      if (!series->points.empty()) chart.series.push_back(*series);
    }
    chart.guides.push_back({ChartGuide::Direction::horizontal, kLargestComponent, "bound for structures of the file"});
    chart.footnote = every > 1 ? fmt::format("one in {} of {} components", every, all) : "";
    if (!chart.series.empty()) section_.charts.push_back({"errors_by_component.svg", chart.title, svg_of(chart)});
  }

  // What the model's training has left, which is no matter of this program: told, not judged.
  void add_labels() {
    const ComparisonSummary& labels = input_.data.labels;
    if (labels.frames() == 0) return;
    Table table({"<against the file's labels", "value"});
    const double ev = input_.ev(), unit = input_.force_in_ev();
    table.add({"structures with labels", std::to_string(labels.frames())});
    if (labels.energy_mae()) {
      table.add({"energy, mean absolute error, meV/atom", fmt::format("{:.3g}", 1e3 * *labels.energy_mae() * ev)});
    }
    if (const auto forces = labels.forces()) {
      table.add({"forces, RMSE, meV/angstrom", fmt::format("{:.3g}", 1e3 * forces->rmse * unit)});
      table.add({"forces, mean absolute error, meV/angstrom", fmt::format("{:.3g}", 1e3 * forces->mae * unit)});
      table.add({"forces, RMS of the labels, meV/angstrom", fmt::format("{:.4g}", 1e3 * forces->rms_reference * unit)});
    }
    section_.tables.push_back({"The model against the labels of the file (not judged)", table});
  }

  const VerifyInput& input_;
  std::size_t made_up_ = 0, left_out_ = 0;  // samples before those of the file; made up, but absurd
  CheckContext context_;
  Forces found_;               // of the model
  std::vector<Result> truth_;  // of the double build; empty: there is none
  Forces autograd_, autograd_float_;
  std::string no_autograd_;  // why those are empty
  nlohmann::json facts_;
  VerifySection section_;
};

}  // namespace

VerifySection verify_accuracy(const VerifyInput& input) { return Accuracy(input).run(); }

}  // namespace mlffgen::cli
