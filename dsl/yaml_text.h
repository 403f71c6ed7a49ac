// The characters of a YAML file: checked before the parser sees them, and looked up by line and column afterwards.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "dsl/program.h"

namespace mlffgen::dsl {

class YamlText {
 public:
  // Throws UserError for more than 1 MB, invalid UTF-8, and control characters other than tab and line breaks.
  YamlText(const std::string& text, std::string file_name);

  // Without byte-order mark, and with \n as the only line break.
  const std::string& text() const { return text_; }

  // Lines and columns as the parser counts them: from 0, columns in bytes.
  SourceLocation location(int line, int column) const;
  char character_at(int line, int column) const;  // '\0' past the end of a line

  // Where the first line of a literal block's value lies, whose '|' stands in header_line. Throws UserError unless the
  // value's lines are the file's own lines without their indentation.
  TextOrigin literal_origin(int header_line, const SourceLocation& where, std::string_view value) const;

 private:
  std::string_view line(std::size_t index) const;
  void check_characters() const;

  std::string file_name_;
  std::string text_;
  std::vector<std::size_t> line_starts_;
};

}  // namespace mlffgen::dsl
