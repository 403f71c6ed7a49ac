#include "cli/bench_report.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlffgen::cli {
namespace {

using nlohmann::json;

// Four digits that count, without an exponent: 0.03512, 12.34, 123456.
std::string number(double value) {
  if (value >= 999.95) return fmt::format("{:.0f}", value);
  return fmt::format("{:#.4g}", value);
}

std::string error_text(const std::optional<Comparison::Forces>& error) {
  return error ? fmt::format("{:.1e}", error->relative()) : "";
}

std::string ratio_text(double ratio) { return fmt::format("{:.1f}x", ratio); }

const BenchSide* side_of(const BenchCell& cell, const std::string& name) {
  for (const BenchSide& side : cell.sides) {
    if (side.name == name && side.measured()) return &side;
  }
  return nullptr;
}

std::vector<std::string> cell_words(const BenchCell& cell) {
  return {cell.size.text(), std::to_string(cell.batch), std::to_string(cell.atoms())};
}

std::vector<std::string> operator+(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

BenchTable latencies(const BenchReport& report) {
  Table table({"size", "batch", "atoms", "<computed by", "calls", "median", "mean", "std", "p95", "p99", "min"});
  for (const BenchCell& cell : report.cells) {
    for (const BenchSide& side : cell.sides) {
      if (!side.measured()) {
        table.add(cell_words(cell) + std::vector<std::string>{side.name + ": " + side.problem});
        continue;
      }
      const Timing t = summarise(side.milliseconds);
      table.add(cell_words(cell) + std::vector<std::string>{side.name, std::to_string(t.repeats), number(t.median),
                                                            number(t.mean), number(t.deviation), number(t.p95),
                                                            number(t.p99), number(t.least)});
    }
  }
  return {"Latency, milliseconds a call", table};
}

BenchTable throughputs(const BenchReport& report) {
  Table table({"size", "batch", "atoms", "neighbours", "median ms", "structures/s", "atom-steps/s", "ns/day", "memory",
               "force error"});
  for (const BenchCell& cell : report.cells) {
    const BenchSide& side = cell.sides.front();
    if (!side.measured()) continue;
    const double median = summarise(side.milliseconds).median;
    const Throughput rate = throughput(cell, median);
    const double neighbours = static_cast<double>(cell.pairs) / static_cast<double>(cell.atoms());
    table.add(cell_words(cell) +
              std::vector<std::string>{fmt::format("{:.1f}", neighbours), number(median), number(rate.structures),
                                       fmt::format("{:.3g}", rate.atom_steps), number(rate.ns_per_day),
                                       size_text(cell.bytes_held), error_text(side.double_error)});
  }
  const std::string name = report.cells.empty() ? "" : report.cells.front().sides.front().name;
  return {fmt::format("Throughput, {}; ns/day of each structure at {} fs", name, kBenchTimestep), table};
}

BenchTable comparisons(const BenchReport& report) {
  Table table({"size", "batch", "atoms", "mlffgen ms", "PyTorch ms", "as CUDA graph ms", "speed-up", "over the graph",
               "force error", "PyTorch's"});
  const bool with_double = std::any_of(report.cells.begin(), report.cells.end(), [](const BenchCell& cell) {
    return cell.sides.front().double_error.has_value();
  });
  const auto error_of = [&](const BenchSide& side) { return with_double ? side.double_error : side.pytorch_error; };
  for (const BenchCell& cell : report.cells) {
    const BenchSide& ours = cell.sides.front();
    const BenchSide *eager = side_of(cell, kPeerEager), *graph = side_of(cell, kPeerGraph);
    if (!ours.measured() || eager == nullptr) continue;
    const double median = summarise(ours.milliseconds).median, slow = summarise(eager->milliseconds).median;
    const double replay = graph != nullptr ? summarise(graph->milliseconds).median : 0;
    table.add(cell_words(cell) +
              std::vector<std::string>{number(median), number(slow), graph != nullptr ? number(replay) : "",
                                       ratio_text(slow / median), graph != nullptr ? ratio_text(replay / median) : "",
                                       error_text(error_of(ours)), error_text(error_of(*eager))});
  }
  const char* const truth = with_double ? "the double build" : "PyTorch in float64";
  return {fmt::format("Beside PyTorch, medians; errors against {}", truth), table};
}

BenchTable ablations(const BenchReport& report) {
  Table table({"size", "<step", "calls", "median", "p95", "std", "list", "speed-up", "gain", "force error"});
  for (const AblationCell& cell : report.ablation) {
    const auto gains = ablation_gains(cell);
    for (std::size_t k = 0; k < gains.size(); ++k) {
      const AblationRung& rung = cell.rungs[k];
      if (!rung.measured()) {
        table.add({cell.text(), fmt::format("{}: not available: {}", rung.name, rung.problem)});
        continue;
      }
      const Timing t = summarise(rung.milliseconds);
      const bool apart = !rung.list_milliseconds.empty();
      table.add({cell.text(), rung.name, std::to_string(t.repeats), number(t.median), number(t.p95),
                 number(t.deviation), apart ? number(summarise(rung.list_milliseconds).median) : "",
                 ratio_text(gains[k]->over_first), fmt::format("{:.2f}x", gains[k]->over_last),
                 error_text(rung.double_error)});
    }
  }
  return {"Step by step, milliseconds a call from host data; each step has those before it", table};
}

// What the steps are, below their table.
std::string ablation_text(const BenchReport& report) {
  std::string text;
  if (report.ablation.empty()) return text;
  for (const AblationRung& rung : report.ablation.front().rungs) {
    text += fmt::format("- {}: {}\n", rung.name, rung.what);
  }
  return text;
}

Table facts_table(const BenchReport& report) {
  Table table({"<", "<"});
  const auto text = [](const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); };
  table.add({"mlffgen", report.version});
  table.add({"date", report.date});
  table.add({"model", fmt::format("{} ({}), {} precision, cutoff {} {}", report.model, report.model_file,
                                  report.precision, report.cutoff, report.length_unit)});
  table.add({"device", report.device});
  for (const auto& [key, value] : report.machine.items()) table.add({key, text(value)});
  for (const auto& [key, value] : report.limits.items()) table.add({key, text(value)});
  for (const std::string& line : report.advice) table.add({"tuned", line});
  if (report.baseline.measured) {
    for (const auto& [key, value] : report.baseline.facts.items()) table.add({"PyTorch: " + key, text(value)});
  }
  return table;
}

std::vector<std::string> notes_of(const BenchReport& report) {
  std::vector<std::string> notes = report.notes;
  if (!report.stopped_by.empty()) {
    notes.insert(notes.begin(),
                 fmt::format("Stopped by {}: what had been measured by then is here.", report.stopped_by));
  }
  if (!report.baseline.reason.empty()) notes.push_back("Comparison with PyTorch: " + report.baseline.reason + ".");
  if (!report.left_out.empty()) {
    std::string list;
    for (const std::string& cell : report.left_out) list += (list.empty() ? "" : ", ") + cell;
    notes.push_back("Left out for their many atoms (--most-atoms): " + list + ".");
  }
  return notes;
}

constexpr const char* kRules =
    "A call is energies, forces and virials of all structures of a batch, the neighbour list included: from device\n"
    "pointers inputs and results stay on the GPU, from host data they are copied. Clusters and periodic cubes (p) are\n"
    "random atoms of the model's elements at the density of a liquid. PyTorch is given its neighbour list, on its\n"
    "device, and not timed with it. Force errors are root mean squares over the RMS force.\n";

}  // namespace

std::vector<BenchTable> bench_tables(const BenchReport& report) {
  std::vector<BenchTable> tables = {latencies(report), throughputs(report), comparisons(report), ablations(report)};
  std::erase_if(tables, [](const BenchTable& table) { return table.table.empty(); });
  return tables;
}

void print_bench_report(const BenchReport& report) {
  fmt::print("{}: {} precision, {}\n", report.model, report.precision, report.device);
  for (const BenchTable& table : bench_tables(report)) print_section(table.title, table.table);
  for (const std::string& note : notes_of(report)) fmt::print("\n{}\n", note);
}

std::string bench_markdown(const BenchReport& report, const std::vector<BenchPlot>& plots) {
  std::string text = fmt::format("# {}: speed of mlffgen\n\n    {}\n\n", report.model, report.command);
  for (const std::string& note : notes_of(report)) text += note + "\n\n";
  text += facts_table(report).markdown() + "\n" + kRules;
  for (const BenchTable& table : bench_tables(report)) {
    text += fmt::format("\n## {}\n\n{}", table.title, table.table.markdown());
  }
  if (!report.ablation.empty()) text += "\n" + ablation_text(report);
  for (const BenchPlot& plot : plots) text += fmt::format("\n## {}\n\n![{}]({})\n", plot.title, plot.title, plot.file);
  return text;
}

}  // namespace mlffgen::cli
