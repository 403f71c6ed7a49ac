// A report as Markdown and as one HTML page: headings, paragraphs, tables and charts, written once.
//
// In paragraphs, what stands between backticks is code. The page holds its charts and needs nothing else; Markdown
// names their files.
#pragma once

#include <string>
#include <vector>

#include "cli/table.h"

namespace mlffgen::cli {

class Document {
 public:
  explicit Document(std::string title);

  void heading(const std::string& text);
  void paragraph(const std::string& text);
  void table(const Table& table);  // nothing if it has no rows
  // A chart whose file lies beside the Markdown.
  void chart(const std::string& file, const std::string& title, const std::string& svg);

  std::string markdown() const;
  std::string html() const;

 private:
  std::string title_;
  std::vector<std::string> markdown_, html_;  // blocks
};

}  // namespace mlffgen::cli
