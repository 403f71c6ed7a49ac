#include "codegen/emit/context.h"

#include <fmt/format.h>

namespace mlffgen::emit {

std::string Context::buffer_name(NodeId id) const {
  for (std::size_t k = 0; k < schedule.buffers.size(); ++k) {
    if (schedule.buffers[k].node == id) return fmt::format("b{}", k);
  }
  return {};
}

std::string Context::literal(double value) const {
  std::string text = double_precision ? fmt::format("{:.17g}", value) : fmt::format("{:.9g}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  if (!double_precision) text += "f";
  return value < 0 ? "(" + text + ")" : text;
}

std::string index_text(const std::string& item, int size, int offset, const std::string& channel) {
  std::string text = fmt::format("row_of({}, {})", item, size);
  if (offset > 0) text += fmt::format(" + {}", offset);
  if (!channel.empty()) text += " + " + channel;
  return text;
}

}  // namespace mlffgen::emit
