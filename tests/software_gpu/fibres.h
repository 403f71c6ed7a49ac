// The threads of a block as fibres: coroutines that change places at barriers and between the lanes of a warp, always
// in the same order.
#pragma once

#include <signal.h>
#include <ucontext.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/software_gpu/kernel_abi.h"

namespace software_gpu {

struct Launch {
  const Kernel* kernel;
  void** arguments;
  Index grid, block;
  std::size_t shared_bytes;
  char* static_shared_begin;
  char* static_shared_end;
  Device** device;  // the module's variable
};

struct Failure {
  int status = 0;  // a CUresult; 0 = none
  std::string what;
};

// Runs all blocks of a launch, one after the other. One launch at a time.
class Blocks {
 public:
  Blocks();
  ~Blocks();
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;

  Failure run(const Launch& launch);

 private:
  static constexpr int kMaxThreads = 1024, kWords = kMaxThreads / 64, kBarriers = 16, kWarps = kMaxThreads / 32;

  // A set of threads.
  struct Set {
    std::uint64_t words[kWords] = {};
    void add(unsigned k) { words[k / 64] |= std::uint64_t{1} << (k % 64); }
    void remove(unsigned k) { words[k / 64] &= ~(std::uint64_t{1} << (k % 64)); }
    void add_all(Set& other);          // and empties the other
    int next_after(unsigned k) const;  // the first member behind k, else the first of all; -1 if empty
  };

  using Place = void* [5];  // of __builtin_setjmp

  struct Copy {
    void* to;
    const void* from;
    int bytes, group;
  };

  struct Fibre {
    Thread thread{};
    Place place{};
    ucontext_t start{};
    char* stack = nullptr;
    bool fresh = true;  // has not begun, or was left in the middle of a failed launch
    int copy_group = 0;
    std::vector<Copy> copies;
  };

  struct Barrier {
    Set waiting;
    int arrived = 0, expected = 0;
    Device::Met meeting{}, met{};
  };

  struct Group {  // the lanes that meet under one mask
    unsigned mask = 0, arrived = 0, generation = 0;
    Slot slots[2][32];
  };

  static void enter();
  static Device::Met barrier(int name, int threads, int value);
  static const Slot* exchange(unsigned mask, const unsigned long* words, int count);
  static void copy_async(void* shared, const void* global, int bytes);
  static void copy_commit();
  static void copy_wait(int groups);
  [[noreturn]] static void fail(const char* what);
  static void on_signal(int number, siginfo_t* info, void*);

  void prepare(const Launch& launch);
  void run_block();
  void prepare_fibre(unsigned number);
  Fibre& self();
  void leave();  // the running thread cannot go on: to the next that can
  [[noreturn, gnu::noinline]] void go_to(unsigned number);
  void finish();  // the running thread has ended
  void complete(Barrier& barrier);
  void check_shared();
  std::string deadlock() const;
  std::string place() const;
  void note(int status, const std::string& what);
  [[noreturn, gnu::noinline]] void stop();  // ends the launch
  [[noreturn]] void stop_at_deadlock();

  Launch launch_{};
  Device device_{};
  std::vector<std::unique_ptr<Fibre>> fibres_;
  unsigned threads_ = 0;
  int live_ = 0;
  Set ready_, ended_;
  Barrier barriers_[kBarriers];
  std::vector<Group> groups_[kWarps];
  std::vector<unsigned char> shared_;
  Place home_{};
  Failure failure_;
};

}  // namespace software_gpu
