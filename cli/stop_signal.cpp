#include "cli/stop_signal.h"

#include <signal.h>

#include <array>
#include <atomic>

namespace mlffgen::cli {
namespace {

struct Watched {
  int number;
  const char* name;
};

constexpr std::array<Watched, 3> kWatched = {{{SIGINT, "SIGINT"}, {SIGTERM, "SIGTERM"}, {SIGHUP, "SIGHUP"}}};

std::atomic<int> noted{0};
std::array<struct sigaction, kWatched.size()> before;

extern "C" void note_signal(int number) {
  int none = 0;
  if (noted.compare_exchange_strong(none, number)) return;
  ::signal(number, SIG_DFL);
  ::raise(number);
}

}  // namespace

StopSignal::StopSignal() {
  noted = 0;
  for (std::size_t k = 0; k < kWatched.size(); ++k) {
    struct sigaction action = {};
    action.sa_handler = note_signal;
    action.sa_flags = SA_RESTART;  // the file being written is written
    sigemptyset(&action.sa_mask);
    sigaction(kWatched[k].number, nullptr, &before[k]);
    if (before[k].sa_handler != SIG_IGN) sigaction(kWatched[k].number, &action, nullptr);
  }
}

StopSignal::~StopSignal() {
  for (std::size_t k = 0; k < kWatched.size(); ++k) sigaction(kWatched[k].number, &before[k], nullptr);
}

int StopSignal::received() { return noted; }

std::string StopSignal::name() {
  for (const Watched& watched : kWatched) {
    if (watched.number == noted) return watched.name;
  }
  return "";
}

}  // namespace mlffgen::cli
