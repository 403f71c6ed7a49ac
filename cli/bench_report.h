// What `mlffgen bench` says: tables on a terminal, and one Markdown document with plots.
#pragma once

#include <string>
#include <vector>

#include "cli/bench_results.h"
#include "cli/table.h"

namespace mlffgen::cli {

struct BenchTable {
  std::string title;
  Table table;
};

// Latencies, throughputs and, where it was measured, PyTorch beside this program.
std::vector<BenchTable> bench_tables(const BenchReport& report);

void print_bench_report(const BenchReport& report);

// A picture of the document, in a file beside it.
struct BenchPlot {
  std::string file, title, svg;
};
std::vector<BenchPlot> bench_plots(const BenchReport& report);

std::string bench_markdown(const BenchReport& report, const std::vector<BenchPlot>& plots);

}  // namespace mlffgen::cli
