#include "codegen/emit/templates.h"

#include <fmt/format.h>

#include "base/error.h"
#include "mlffgen/template_files.h"

namespace mlffgen::emit {

std::string template_file(const std::string& name) {
  for (const auto& [file, text] : embedded::template_files()) {
    if (file == name) return std::string(text);
  }
  throw InternalError("no template file " + name);
}

std::string indented(const std::string& text, int columns) {
  std::string result;
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) end = text.size();
    if (end > begin) result += std::string(static_cast<std::size_t>(columns), ' ') + text.substr(begin, end - begin);
    result += '\n';
    begin = end + 1;
  }
  return result;
}

namespace {

std::string skeleton(const std::string& name) {
  const std::string file = template_file("phase.cu");
  const std::string begin_mark = "//@begin " + name + "\n";
  const std::size_t begin = file.find(begin_mark);
  const std::size_t end = file.find("//@end " + name + "\n");
  if (begin == std::string::npos || end == std::string::npos) throw InternalError("no skeleton " + name);
  return file.substr(begin + begin_mark.size(), end - begin - begin_mark.size());
}

// The column at which the line of a position begins its text.
int indentation_at(const std::string& text, std::size_t position) {
  const std::size_t line = text.rfind('\n', position) + 1;
  const std::size_t first = text.find_first_not_of(' ', line);
  return static_cast<int>(first - line);
}

}  // namespace

std::string fill_skeleton(const std::string& name, const std::map<std::string, std::string>& holes) {
  std::string text = skeleton(name);
  std::size_t filled = 0;
  for (std::size_t at = text.find("/*@hole "); at != std::string::npos; at = text.find("/*@hole ", at)) {
    const std::size_t name_begin = at + 8;
    const std::size_t name_end = text.find("*/", name_begin);
    const std::string hole = text.substr(name_begin, name_end - name_begin);
    const std::size_t close = text.find("/*@end*/", name_end);
    const auto found = holes.find(hole);
    if (found == holes.end() || close == std::string::npos) throw InternalError("hole " + hole + " is not filled");
    std::string filling = found->second;
    if (filling.find('\n') != std::string::npos) {
      const int columns = indentation_at(text, at);
      filling = indented(filling, columns).substr(static_cast<std::size_t>(columns));
      filling.pop_back();
    }
    text.replace(at, close + 8 - at, filling);
    at += filling.size();
    ++filled;
  }
  if (filled != holes.size()) throw InternalError("a hole of skeleton " + name + " is not there");
  return text;
}

}  // namespace mlffgen::emit
