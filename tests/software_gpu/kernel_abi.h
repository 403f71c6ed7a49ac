// What the software GPU and the kernels that it runs tell each other: the driver's library and the kernels are compiled
// by different compilers, if need be. Also the first part of every kernel text: no include, no standard library.
#pragma once

namespace software_gpu {

struct Index {
  unsigned x, y, z;
};

constexpr int kSlotWords = 3;  // 64-bit words that one lane gives to an exchange

struct Slot {
  unsigned long words[kSlotWords];
};

// The running thread.
struct Thread {
  Index index;
  unsigned number;  // within its block
};

// The device as a running kernel sees it.
struct Device {
  Thread* thread;
  Index block, block_dim, grid_dim;
  void* dynamic_shared;

  // Waits for `threads` threads at the barrier of that name (0: for all that have not ended). The sum, or and and of
  // the values of those that met there.
  struct Met {
    int sum, any, all;
  };
  Met (*barrier)(int name, int threads, int value);

  // Waits for the lanes in the mask, and returns what each of the 32 lanes gave.
  const Slot* (*exchange)(unsigned mask, const unsigned long* words, int count);

  void (*copy_async)(void* shared, const void* global, int bytes);
  void (*copy_commit)();
  void (*copy_wait)(int groups);

  [[noreturn]] void (*fail)(const char* what);
};

constexpr int kMaxParameters = 64;

// A kernel: how to call it with a list of pointers to its arguments, and how large they are.
struct Kernel {
  void (*call)(void** arguments);
  int parameters;
  unsigned sizes[kMaxParameters];
};

}  // namespace software_gpu
