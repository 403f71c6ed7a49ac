// Files of text lines that any number of processes append to, and that survive whatever happens to them: a line is
// whole or damaged, and damage stays within its line.
//
// Failures of the system are UserErrors that name the path and the reason.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace mlffgen::wisdom {

struct Line {
  int number = 0;  // from 1
  std::string text;
};

// The lines that are not empty. None of a file that does not exist, nor the beginning of one that somebody is writing.
// UserError if it is no regular file, is too large, or if everybody may write to it.
std::vector<Line> read_lines(const std::filesystem::path& path);

enum class Durability { process, machine };  // who may die right after without loss of the line

// Adds a line behind those that are there, in one piece. If that fails the file is as before.
void append_line(const std::filesystem::path& path, const std::string& text, Durability durability);

// Makes the folder and those above it, as the umask has it but never for everybody to write to.
void make_folder(const std::filesystem::path& path);

// UserError if it is no folder or everybody may write to it.
void check_folder(const std::filesystem::path& path);

}  // namespace mlffgen::wisdom
