// Signals that ask a long run to end in good order.
#pragma once

#include <string>

namespace mlffgen::cli {

// While it lives, SIGINT, SIGTERM and SIGHUP are noted instead of ending the program; the second one ends it all the
// same. A program started with a signal ignored (nohup) keeps it so. One at a time.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  static int received();      // its number; 0 for none
  static std::string name();  // "SIGINT"
};

}  // namespace mlffgen::cli
