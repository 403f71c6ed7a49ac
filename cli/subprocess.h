// Runs another program and waits for it.
#pragma once

#include <string>
#include <vector>

namespace mlffgen::cli {

struct Finished {
  int status = 0;      // of its exit; 128 and the number of the signal that ended it
  std::string output;  // what it wrote to the standard output and the standard error, as it came
};

// words[0] is the program's path; it reads nothing, and has this process's environment. UserError when it cannot be
// started.
Finished run_program(const std::vector<std::string>& words);

}  // namespace mlffgen::cli
