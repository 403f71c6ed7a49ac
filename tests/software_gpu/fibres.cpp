#include "tests/software_gpu/fibres.h"

#include <signal.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace software_gpu {
namespace {

constexpr std::size_t kStackBytes = 256 << 10, kPage = 4096, kGuardBytes = 256;
constexpr unsigned char kPoison = 0xff, kGuard = 0xfb;
constexpr int kIllegalAddress = 700, kMisaligned = 716, kLaunchFailed = 719;

// Signals and the start of a fibre know no object: this is the one that runs.
Blocks* running = nullptr;

char* make_stack() {
  void* memory = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("the software GPU has no memory for the stacks of its threads");
  mprotect(memory, kPage, PROT_NONE);
  return static_cast<char*>(memory);
}

// While kernels run, a bad access ends the launch and not the process. Its handler needs a stack of its own, as the
// access may be the overflow of a fibre's.
class Signals {
 public:
  explicit Signals(void (*handler)(int, siginfo_t*, void*)) {
    stack_t stack{};
    stack.ss_sp = stack_;
    stack.ss_size = sizeof(stack_);
    sigaltstack(&stack, &old_stack_);
    struct sigaction action{};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    for (int k = 0; k < 3; ++k) sigaction(kSignals[k], &action, &old_[k]);
  }
  ~Signals() {
    for (int k = 0; k < 3; ++k) sigaction(kSignals[k], &old_[k], nullptr);
    sigaltstack(&old_stack_, nullptr);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  static constexpr int kSignals[3] = {SIGSEGV, SIGBUS, SIGFPE};
  alignas(16) static inline char stack_[64 << 10];
  stack_t old_stack_{};
  struct sigaction old_[3]{};
};

}  // namespace

void Blocks::Set::add_all(Set& other) {
  for (int k = 0; k < kWords; ++k) {
    words[k] |= other.words[k];
    other.words[k] = 0;
  }
}

int Blocks::Set::next_after(unsigned k) const {
  const unsigned first = (k + 1) % kMaxThreads;
  for (unsigned n = 0; n <= kWords; ++n) {
    const unsigned word = (first / 64 + n) % kWords;
    std::uint64_t bits = words[word];
    if (n == 0) bits &= ~std::uint64_t{0} << (first % 64);
    if (bits != 0) return static_cast<int>(word * 64) + std::countr_zero(bits);
  }
  return -1;
}

Blocks::Blocks() {
  device_.barrier = barrier;
  device_.exchange = exchange;
  device_.copy_async = copy_async;
  device_.copy_commit = copy_commit;
  device_.copy_wait = copy_wait;
  device_.fail = fail;
}

Blocks::~Blocks() {
  for (const auto& fibre : fibres_) munmap(fibre->stack, kStackBytes);
}

Failure Blocks::run(const Launch& launch) {
  launch_ = launch;
  failure_ = {};
  running = this;
  *launch.device = &device_;
  threads_ = launch.block.x * launch.block.y * launch.block.z;
  device_.block_dim = launch.block;
  device_.grid_dim = launch.grid;
  while (fibres_.size() < threads_) {
    fibres_.push_back(std::make_unique<Fibre>());
    fibres_.back()->stack = make_stack();
  }
  shared_.resize(launch.shared_bytes + 2 * kGuardBytes);
  const std::size_t address = reinterpret_cast<std::size_t>(shared_.data());
  device_.dynamic_shared = shared_.data() + (kGuardBytes - address % kGuardBytes) % kGuardBytes;
  const Signals signals(on_signal);
  Index& block = device_.block;
  for (block.z = 0; block.z < launch.grid.z && failure_.status == 0; ++block.z) {
    for (block.y = 0; block.y < launch.grid.y && failure_.status == 0; ++block.y) {
      for (block.x = 0; block.x < launch.grid.x && failure_.status == 0; ++block.x) run_block();
    }
  }
  if (failure_.status != 0) {
    for (const auto& fibre : fibres_) fibre->fresh = true;
  }
  running = nullptr;
  return failure_;
}

void Blocks::run_block() {
  auto* shared = static_cast<unsigned char*>(device_.dynamic_shared);
  std::fill(shared, shared + launch_.shared_bytes, kPoison);
  std::fill(shared + launch_.shared_bytes, shared_.data() + shared_.size(), kGuard);
  std::fill(launch_.static_shared_begin, launch_.static_shared_end, static_cast<char>(kPoison));
  for (Barrier& barrier : barriers_) barrier = {};
  for (unsigned warp = 0; warp < (threads_ + 31) / 32; ++warp) groups_[warp].clear();
  ready_ = {};
  ended_ = {};
  live_ = static_cast<int>(threads_);
  for (unsigned k = 0; k < threads_; ++k) {
    prepare_fibre(k);
    ready_.add(k);
  }
  if (__builtin_setjmp(home_) == 0) go_to(0);
  if (failure_.status == 0) check_shared();
}

void Blocks::prepare_fibre(unsigned number) {
  Fibre& fibre = *fibres_[number];
  const Index& size = launch_.block;
  fibre.thread.number = number;
  fibre.thread.index = {number % size.x, number / size.x % size.y, number / size.x / size.y};
  fibre.copy_group = 0;
  fibre.copies.clear();
  if (!fibre.fresh) return;
  getcontext(&fibre.start);
  fibre.start.uc_stack.ss_sp = fibre.stack;
  fibre.start.uc_stack.ss_size = kStackBytes;
  fibre.start.uc_link = nullptr;
  makecontext(&fibre.start, enter, 0);
}

// A fibre lives on from launch to launch: it is only ever resumed.
void Blocks::enter() {
  while (true) {
    running->launch_.kernel->call(running->launch_.arguments);
    running->finish();
  }
}

Blocks::Fibre& Blocks::self() { return *fibres_[device_.thread->number]; }

// The jumps are the compiler's own: they are quicker than the library's, and no sanitizer takes them over. What jumps
// must not be part of a function that is jumped to, and so is never inlined.
void Blocks::go_to(unsigned number) {
  Fibre& next = *fibres_[number];
  device_.thread = &next.thread;
  if (next.fresh) {
    next.fresh = false;
    setcontext(&next.start);
  }
  __builtin_longjmp(next.place, 1);
}

void Blocks::leave() {
  Fibre& fibre = self();
  ready_.remove(fibre.thread.number);
  const int next = ready_.next_after(fibre.thread.number);
  if (next < 0) stop_at_deadlock();
  if (__builtin_setjmp(fibre.place) == 0) go_to(static_cast<unsigned>(next));
}

void Blocks::finish() {
  Fibre& fibre = self();
  for (const Copy& copy : fibre.copies) std::memcpy(copy.to, copy.from, static_cast<std::size_t>(copy.bytes));
  ended_.add(fibre.thread.number);
  ready_.remove(fibre.thread.number);
  --live_;
  Barrier& all = barriers_[0];
  if (all.expected == 0 && all.arrived > 0 && all.arrived == live_) complete(all);
  if (__builtin_setjmp(fibre.place) != 0) return;
  const int next = ready_.next_after(fibre.thread.number);
  if (next >= 0) go_to(static_cast<unsigned>(next));
  if (live_ > 0) stop_at_deadlock();
  stop();
}

void Blocks::complete(Barrier& barrier) {
  barrier.met = barrier.meeting;
  barrier.meeting = {};
  barrier.arrived = 0;
  ready_.add_all(barrier.waiting);
}

Device::Met Blocks::barrier(int name, int threads, int value) {
  Blocks& blocks = *running;
  if (name < 0 || name >= kBarriers) fail("a barrier has a name from 0 to 15");
  if (threads % 32 != 0) fail("a named barrier is for whole warps");
  Barrier& barrier = blocks.barriers_[name];
  if (barrier.arrived > 0 && barrier.expected != threads) fail("a barrier is used with different numbers of threads");
  barrier.expected = threads;
  barrier.meeting.all = (barrier.arrived == 0 || barrier.meeting.all) && value != 0;
  barrier.meeting.any = barrier.meeting.any || value != 0;
  barrier.meeting.sum += value;
  ++barrier.arrived;
  if (barrier.arrived == (threads > 0 ? threads : blocks.live_)) {
    blocks.complete(barrier);
  } else {
    barrier.waiting.add(blocks.device_.thread->number);
    blocks.leave();
  }
  return barrier.met;
}

const Slot* Blocks::exchange(unsigned mask, const unsigned long* words, int count) {
  Blocks& blocks = *running;
  const unsigned number = blocks.device_.thread->number, lane = number % 32;
  if ((mask >> lane & 1) == 0) fail("a lane is not in the mask of its own warp operation");
  std::vector<Group>& groups = blocks.groups_[number / 32];
  std::size_t at = 0;
  while (at < groups.size() && groups[at].mask != mask) ++at;
  if (at == groups.size()) groups.push_back({mask, 0, 0, {}});
  Group& group = groups[at];
  // Lanes write to one half while slower ones still read the other.
  const unsigned half = group.generation % 2;
  std::copy_n(words, count, group.slots[half][lane].words);
  group.arrived |= 1u << lane;
  if (group.arrived == mask) {
    group.arrived = 0;
    ++group.generation;
    for (unsigned k = 0; k < 32; ++k) {
      if (mask >> k & 1) blocks.ready_.add(number - lane + k);
    }
  } else {
    blocks.leave();
  }
  return blocks.groups_[number / 32][at].slots[half];
}

void Blocks::copy_async(void* shared, const void* global, int bytes) {
  if (bytes != 4 && bytes != 8 && bytes != 16) fail("an asynchronous copy moves 4, 8 or 16 bytes");
  const auto size = static_cast<std::size_t>(bytes);
  if (reinterpret_cast<std::size_t>(shared) % size != 0 || reinterpret_cast<std::size_t>(global) % size != 0) {
    running->note(kMisaligned, "an asynchronous copy is not aligned to its size");
    running->stop();
  }
  Fibre& fibre = running->self();
  auto* const to = static_cast<char*>(shared);
  for (const Copy& copy : fibre.copies) {
    auto* const other = static_cast<char*>(copy.to);
    if (to < other + copy.bytes && other < to + bytes) fail("an asynchronous copy to where another is on its way");
  }
  fibre.copies.push_back({shared, global, bytes, fibre.copy_group});
}

void Blocks::copy_commit() { ++running->self().copy_group; }

void Blocks::copy_wait(int groups) {
  Fibre& fibre = running->self();
  std::size_t done = 0;
  for (; done < fibre.copies.size() && fibre.copies[done].group < fibre.copy_group - groups; ++done) {
    const Copy& copy = fibre.copies[done];
    std::memcpy(copy.to, copy.from, static_cast<std::size_t>(copy.bytes));
  }
  fibre.copies.erase(fibre.copies.begin(), fibre.copies.begin() + static_cast<std::ptrdiff_t>(done));
}

void Blocks::fail(const char* what) {
  running->note(kLaunchFailed, what);
  running->stop();
}

void Blocks::on_signal(int number, siginfo_t* info, void*) {
  char text[96];
  std::snprintf(text, sizeof(text), "%s at address %p", number == SIGFPE ? "a division by zero" : "an illegal access",
                info->si_addr);
  running->note(number == SIGFPE ? kLaunchFailed : kIllegalAddress, text);
  running->stop();
}

void Blocks::note(int status, const std::string& what) { failure_ = {status, place() + ": " + what}; }

// No frame that this skips has anything to destroy.
void Blocks::stop() { __builtin_longjmp(home_, 1); }

void Blocks::stop_at_deadlock() {
  note(kLaunchFailed, deadlock());
  stop();
}

std::string Blocks::place() const {
  const Index &block = device_.block, &thread = device_.thread->index;
  const auto text = [](const Index& i) {
    return "(" + std::to_string(i.x) + "," + std::to_string(i.y) + "," + std::to_string(i.z) + ")";
  };
  return "block " + text(block) + ", thread " + text(thread);
}

std::string Blocks::deadlock() const {
  std::string text = "no thread can go on;";
  for (int name = 0; name < kBarriers; ++name) {
    const Barrier& barrier = barriers_[name];
    if (barrier.arrived == 0) continue;
    text += " " + std::to_string(barrier.arrived) + " of " +
            std::to_string(barrier.expected > 0 ? barrier.expected : live_) + " threads wait at barrier " +
            std::to_string(name) + ";";
  }
  for (unsigned warp = 0; warp < (threads_ + 31) / 32; ++warp) {
    for (const Group& group : groups_[warp]) {
      if (group.arrived == 0) continue;
      char line[96];
      std::snprintf(line, sizeof(line), " in warp %u, lanes %08x of mask %08x wait for the others;", warp,
                    group.arrived, group.mask);
      text += line;
    }
  }
  return text + " " + std::to_string(static_cast<int>(threads_) - live_) + " of " + std::to_string(threads_) +
         " threads have ended";
}

void Blocks::check_shared() {
  const auto* end = static_cast<unsigned char*>(device_.dynamic_shared) + launch_.shared_bytes;
  const unsigned char* last = shared_.data() + shared_.size();
  if (std::all_of(end, last, [](unsigned char byte) { return byte == kGuard; })) return;
  note(kIllegalAddress, "a write behind the dynamic shared memory");
}

}  // namespace software_gpu
