// Neighbour lists on the GPU: the list of runtime/neighbour_list.h, searched for and kept on the device.
//
// Every ordered pair of atoms nearer than the cutoff (strictly, in double), periodic images included, for a batch of
// systems of different sizes, cells and periodicities. Pairs come by the atoms' sorted index: an order in space in
// which atoms that are near each other lie near each other in memory. Nothing waits on the host: enqueue() may be
// captured in a graph, and reads the sizes of the call on the device. The same input gives the same bits.
//
// With a skin, candidates within cutoff + skin are kept from call to call until an atom has moved by half the skin, or
// a cell, a periodicity or the systems' sizes have changed; the exact list is taken from them in every call. Memory:
// 4 + 4 sizeof(REAL) bytes a pair and 72 an atom; with a skin, 4 a candidate and 32 an atom more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/cuda/memory.h"
#include "runtime/cuda/stream.h"
#include "runtime/kernels/device_batch.h"
#include "runtime/kernels/kernel_library.h"
#include "runtime/kernels/status.h"
#include "runtime/plan.h"

namespace mlffgen::kernels {

// How to search. Both give the same pairs; the order of the atoms differs.
enum class ListPath {
  all_pairs,  // 2 launches; tries every atom of a system, keeps the original order, ignores the skin
  cells       // 8 launches, 10 with a skin; sorts the atoms in space
};

// Systems up to so many atoms are quicker by trying all pairs.
inline constexpr int kAllPairsAtoms = 1024;

struct ListOptions {
  runtime::Precision precision = runtime::Precision::single_precision;  // REAL
  double cutoff = 0;                                                    // length unit
  double skin = 0;                                                      // length unit; 0: search anew in every call
  std::vector<int> elements;                                            // atomic numbers; their index is the element
};

struct ListCapacity {
  std::int64_t atoms = 0;
  std::int64_t systems = 0;
  std::int64_t pairs = 0;
  std::int64_t candidates = 0;  // used by ListPath::cells with a skin only

  bool operator==(const ListCapacity&) const = default;
};

// Device addresses, valid until the next reserve() that grows. Atoms are numbered in sorted order. Entries of atoms
// from n_atoms to DeviceBatch::most_atoms are padding: element 0, system 0, no pairs.
struct PairList {
  cuda::DevicePointer order = 0;           // int [atoms], original index
  cuda::DevicePointer element = 0;         // int [atoms], index into ListOptions::elements
  cuda::DevicePointer system_of_atom = 0;  // int [atoms]
  cuda::DevicePointer pair_begin = 0;      // int [atoms + 1]
  // Sorted by neighbour, images of one neighbour by the number of lattice vectors between (first, second, third).
  cuda::DevicePointer pair_neighbour = 0;  // int [pairs], sorted index
  cuda::DevicePointer pair_geometry = 0;   // REAL [pairs][4]: unit vector from atom to neighbour, distance
  cuda::DevicePointer status = 0;          // Status
};

// Not for use by two threads at once. Needs the context current. Throws UserError for a cutoff that is not positive
// and finite, or a skin that is negative or not finite; DeviceError for failures of the GPU.
class DeviceNeighbourList {
 public:
  DeviceNeighbourList(const KernelLibrary& library, ListOptions options);
  ~DeviceNeighbourList();
  DeviceNeighbourList(DeviceNeighbourList&&) noexcept;
  DeviceNeighbourList& operator=(DeviceNeighbourList&&) noexcept;

  // Makes room; never shrinks. Growing waits for the device, changes addresses (graphs must be captured anew) and
  // makes the next call search anew. Not within a capture. Throws UserError beyond 2^31 - 1 atoms or pairs.
  void reserve(const cuda::Stream& stream, const ListCapacity& capacity);
  const ListCapacity& capacity() const;

  // The texts that a list with this skin is made of, all of them, to be started early (KernelLibrary::start).
  static std::vector<std::string> texts(double skin);

  // The quicker way for a batch whose largest system has so many atoms.
  static ListPath path_for(int largest_system);

  // One call. Its outcome is in the status: with Fault::capacity there was no room, and n_pairs and n_candidates tell
  // how much is needed (n_pairs only once there is room for the candidates). With any fault the list is empty (no atom
  // has pairs), so that later kernels do no harm.
  void enqueue(const cuda::Stream& stream, const DeviceBatch& batch, ListPath path);

  // The next call searches anew whatever the positions.
  void enqueue_forget(const cuda::Stream& stream);

  // After a call: writes int [pairs], the pair of the same image seen from the neighbour, which has the opposite
  // displacement bit for bit. The reductions find it themselves.
  void enqueue_reverse(const cuda::Stream& stream, cuda::DevicePointer pair_reverse);

  PairList pairs() const;
  const ListOptions& options() const;

  // A capacity that would have sufficed for the call that left this status, with a little to spare.
  ListCapacity capacity_for(const Status& status) const;

  std::size_t bytes() const;                                  // of device memory now
  std::size_t bytes_for(const ListCapacity& capacity) const;  // that such a capacity takes

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mlffgen::kernels
