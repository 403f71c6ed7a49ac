// A program that runs beside this one and is spoken with line by line.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mlffgen::cli {

// Its standard input and output are ours; what it says on the standard error goes to a file. It does not see the
// terminal's Ctrl-C, which is this program's to act upon. Throws UserError for a program that cannot be started.
class ChildProcess {
 public:
  ChildProcess(const std::vector<std::string>& words, const std::filesystem::path& errors);
  ~ChildProcess();  // ends it, however busy it is
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Nothing happens if it has ended: the next read_line() tells.
  void write_line(const std::string& line);

  // The next line, without its end. None: it has closed its output, or stop() says so. Throws UserError after so many
  // seconds without one.
  std::optional<std::string> read_line(double seconds, const std::function<bool()>& stop);

  // "exit status 1" or "signal 9". Behind the end of its output only: waits for it.
  std::string outcome();

 private:
  void end() noexcept;

  pid_t id_ = -1;  // -1: ended and waited for
  int socket_ = -1;
  int status_ = 0;
  std::string unread_;
};

}  // namespace mlffgen::cli
