#include "codegen/emit/body_text.h"

#include <fmt/format.h>

namespace mlffgen::emit {

std::string lines_text(const std::vector<std::string>& lines, int columns) {
  std::string text;
  for (const std::string& line : lines) text += std::string(static_cast<std::size_t>(columns), ' ') + line + "\n";
  return text;
}

void mark_written(Context& context, NodeId id) {
  const std::string buffer = context.buffer_name(id);
  if (!buffer.empty()) context.write(buffer);
}

}  // namespace mlffgen::emit
