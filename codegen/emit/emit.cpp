#include "codegen/emit/emit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "codegen/emit/context.h"
#include "codegen/emit/pair_text.h"
#include "codegen/emit/phase_text.h"
#include "codegen/emit/templates.h"

namespace mlffgen::emit {

namespace {

struct Parameter {
  std::string name;
  std::string type;
};

// Arguments other than constants and buffers, in the order of every kernel.
const std::vector<Parameter>& fixed_parameters() {
  static const std::vector<Parameter> list = {{"n_atoms", "int"},
                                              {"tile_atoms", "int"},
                                              {"element", "const int*"},
                                              {"pair_begin", "const int*"},
                                              {"pair_neighbour", "const int*"},
                                              {"pair_geometry", "const real*"},
                                              {"pair_gradient", "real*"},
                                              {"atom_energy", "real*"}};
  return list;
}

std::vector<Parameter> parameters_of(const Context& context, std::size_t constants, std::size_t buffers) {
  std::vector<Parameter> result;
  for (const Parameter& p : fixed_parameters()) {
    if (context.used.contains(p.name)) result.push_back(p);
  }
  for (std::size_t k = 0; k < constants; ++k) {
    const std::string name = fmt::format("c{}", k);
    if (context.used.contains(name)) result.push_back({name, "const real*"});
  }
  for (std::size_t k = 0; k < buffers; ++k) {
    const std::string name = fmt::format("b{}", k);
    if (context.used.contains(name)) result.push_back({name, context.written.contains(name) ? "real*" : "const real*"});
  }
  return result;
}

bool is_pointer(const Parameter& p) { return p.type.back() == '*'; }

std::string parameter_text(const std::vector<Parameter>& parameters) {
  std::vector<std::string> texts;
  for (const Parameter& p : parameters) {
    texts.push_back(is_pointer(p) ? fmt::format("{} MLFF_RESTRICT {}", p.type, p.name)
                                  : fmt::format("const {} {}", p.type, p.name));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string wrapper_text(const std::string& name, const std::vector<Parameter>& parameters) {
  std::vector<std::string> arguments = {"block"};
  for (std::size_t k = 0; k < parameters.size(); ++k) {
    arguments.push_back(fmt::format("*({}*)arguments[{}]", parameters[k].type, k));
  }
  return fmt::format("\nextern \"C\" void mlff_host_{0}(void** arguments, int block, int) {{\n  {0}({1});\n}}\n", name,
                     fmt::join(arguments, ", "));
}

// How many blocks must fit on a multiprocessor at once. Filters that are worked out where they are used keep their
// weights in registers, and a kernel with them takes all it can get.
std::string blocks_text(const Phase& phase) {
  if (phase.has_pairs && !phase.spline_values && !phase.spline_slopes) return "1";
  return phase.has_products ? "kMinBlocks" : "kMinPairBlocks";
}

}  // namespace

Source emit_source(const ir::Graph& graph, const Schedule& schedule, const Options& options) {
  ConstantPool constants(options.double_precision);
  return emit_source(graph, schedule, options, constants);
}

Source emit_source(const ir::Graph& graph, const Schedule& schedule, const Options& options, ConstantPool& constants) {
  Source source;
  std::string kernels, wrappers;
  for (std::size_t p = 0; p < schedule.phases.size(); ++p) {
    Context context{
        graph, schedule, schedule.phases[p], static_cast<int>(p), nullptr, options.double_precision, constants, {},
        {},    {}};
    const std::string body = phase_text(context);
    context.use("n_atoms");
    context.use("tile_atoms");
    const std::vector<Parameter> parameters =
        parameters_of(context, constants.constants().size(), schedule.buffers.size());
    Kernel kernel;
    kernel.name = fmt::format("{}_{}", options.kernel_prefix, p);
    for (const Parameter& parameter : parameters) kernel.arguments.push_back(parameter.name);
    kernels +=
        "\n" + fill_skeleton("kernel", {{"name", kernel.name},
                                        {"parameters", parameter_text(parameters)},
                                        {"record", record_text(context)},
                                        {"tile_numbers", std::to_string(schedule.phases[p].tile_numbers)},
                                        {"deferred_numbers", std::to_string(schedule.phases[p].deferred_numbers)},
                                        {"team_numbers", std::to_string(schedule.phases[p].team_numbers)},
                                        {"blocks", blocks_text(schedule.phases[p])},
                                        {"ring", schedule.phases[p].has_products ? "kRingReals" : "0"},
                                        {"body", body}});
    wrappers += wrapper_text(kernel.name, parameters);
    source.kernels.push_back(std::move(kernel));
  }
  const std::string precision = fmt::format("using real = {};\n\n", options.double_precision ? "double" : "float");
  const std::string common = "\n" + template_file("common.cuh");
  source.cuda = precision + template_file("ptx.cuh") + "\n" + template_file("cuda_shim.cuh") + common + "\n" +
                template_file("tile_product.cuh") + kernels;
  source.host = precision + template_file("host_shim.h") + common + kernels + wrappers;
  source.constants = constants.constants();
  source.constant_data = constants.data();
  for (std::size_t k = 0; k < schedule.buffers.size(); ++k) source.buffer_names.push_back(fmt::format("b{}", k));
  return source;
}

}  // namespace mlffgen::emit
