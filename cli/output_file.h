// Files that the program writes: whole or not at all, an interrupt included.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace mlffgen::cli {

// SIGINT, SIGTERM and SIGHUP remove unfinished files and end the program as they would without a handler.
void install_interrupt_handler();

// Runs f; a signal that arrives meanwhile takes effect behind it.
void without_interrupts(const std::function<void()>& f);

// Throws UserError unless a file can be put at path: its folder exists, and what is there now is a regular file.
void check_replaceable(const std::filesystem::path& path);

// A text that grows: into a temporary file next to its place, which it takes when it is finished. "-" is the standard
// output; a pipe or a device is written directly. Failures are UserErrors that name the path and the reason.
class OutputFile {
 public:
  explicit OutputFile(const std::filesystem::path& path);
  ~OutputFile();  // removes what was not finished
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  std::ostream& stream();
  void check();   // throws if a write has failed
  void finish();  // nothing may be written behind it

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The files of a report, in a folder that is made if need be and seen to take the named ones before anything is
// computed.
class ReportFolder {
 public:
  // Throws UserError.
  ReportFolder(std::filesystem::path path, const std::vector<std::string>& files);

  void write(const std::string& file, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

}  // namespace mlffgen::cli
