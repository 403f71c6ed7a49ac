#include "codegen/emit/body_text.h"

#include <fmt/format.h>

namespace mlffgen::emit {

std::string lines_text(const std::vector<std::string>& lines, int columns) {
  std::string text;
  for (const std::string& line : lines) text += std::string(static_cast<std::size_t>(columns), ' ') + line + "\n";
  return text;
}

std::string product_text(Context& context, const char* function, const char* barrier, const std::string& rows,
                         NodeId id, const std::vector<std::string>& inputs, const std::string& output) {
  const ir::Node& node = context.graph[id];
  std::string text;
  for (std::size_t k = 0; k < node.inputs.size(); ++k) {
    // The same thread adds to a sum only if the inputs are alike: products of other shapes share the work otherwise.
    const bool alike =
        k == 0 || context.graph[node.inputs[k]].type.channels == context.graph[node.inputs[k - 1]].type.channels;
    if (!alike) text += barrier;
    const std::string bias = k == 0 && node.bias ? context.use(context.constants.add(node.bias)) : "nullptr";
    text += fmt::format("{}<{}, {}>({}, {}, {}, {}, {}, {});\n", function, context.graph[node.inputs[k]].type.channels,
                        node.type.channels, rows, inputs[k],
                        context.use(context.constants.add(ir::transpose(node.tensors[k]))), output, bias, k > 0);
  }
  return text;
}

void mark_written(Context& context, NodeId id) {
  const std::string buffer = context.buffer_name(id);
  if (!buffer.empty()) context.write(buffer);
}

}  // namespace mlffgen::emit
