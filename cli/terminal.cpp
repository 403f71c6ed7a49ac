#include "cli/terminal.h"

#include <unistd.h>

#include <cstdio>

namespace mlffgen::cli {
namespace {

struct Line {
  bool wanted = isatty(STDERR_FILENO) == 1;
  bool shown = false;
};

Line& line() {
  static Line the_line;
  return the_line;
}

}  // namespace

void silence_progress() { line().wanted = false; }

void show_progress(const std::string& text) {
  if (!line().wanted) return;
  std::fprintf(stderr, "\r\033[K%s", text.c_str());
  std::fflush(stderr);
  line().shown = true;
}

void end_progress() {
  if (!line().shown) return;
  std::fprintf(stderr, "\r\033[K");
  std::fflush(stderr);
  line().shown = false;
}

}  // namespace mlffgen::cli
