// Tables for people: columns aligned, numbers to the right.
#pragma once

#include <string>
#include <vector>

namespace mlffgen::cli {

class Table {
 public:
  // Column heads; a head that begins with '<' aligns its column to the left.
  explicit Table(const std::vector<std::string>& heads);

  // A cell too few is empty; a cell too many is an InternalError.
  void add(std::vector<std::string> cells);

  bool empty() const { return rows_.empty(); }
  const std::vector<std::string>& heads() const { return heads_; }
  const std::vector<std::vector<std::string>>& rows() const { return rows_; }
  std::string str(const std::string& indent = "") const;
  std::string markdown() const;
  std::string html() const;

 private:
  std::vector<std::string> heads_;
  std::vector<bool> left_;
  std::vector<std::vector<std::string>> rows_;
};

// "1.2 MB"
std::string size_text(std::size_t bytes);

// A title with a table below it, or nothing if the table has no rows.
void print_section(const std::string& title, const Table& table);

}  // namespace mlffgen::cli
