// What a GPU can do at most (runtime/kernels/device_limits.h): each kernel does one thing that models' kernels do, in
// their way, and nothing else. What they work out depends on all of it and ends in memory, so that nothing is left out;
// tests check it. Arrays have sizes that are powers of two.

#include "ptx.cuh"

#ifndef MLFF_REAL
#define MLFF_REAL float
#endif
typedef MLFF_REAL real;

constexpr int kThreads = 256;  // of a block
constexpr int kWarps = kThreads / 32;
constexpr int kRowQuads = 32;     // of a row of 512 bytes, one a lane
constexpr int kNeighbours = 48;   // rows that an atom gathers
constexpr int kReadsAhead = 16;   // of weights, by a thread
constexpr int kChains = 16;       // of multiply-adds of a thread that do not wait for one another
constexpr int kChainSteps = 8;    // of each chain, a round
constexpr int kProductTiles = 8;  // of a warp, 16 x 8 sums each

#define MLFF_LIMIT_KERNEL(name, ...) extern "C" __global__ void __launch_bounds__(kThreads) name(__VA_ARGS__)
#define MLFF_UNROLL _Pragma("unroll")

static __device__ __forceinline__ int thread_of_grid() { return (int)(blockIdx.x * kThreads + threadIdx.x); }
static __device__ __forceinline__ int lane_of_warp() { return (int)(threadIdx.x % 32); }

MLFF_LIMIT_KERNEL(limits_copy, const float4* __restrict__ from, float4* __restrict__ to, const long long quads) {
  const long long step = (long long)gridDim.x * kThreads;
  _Pragma("unroll 4") for (long long q = thread_of_grid(); q < quads; q += step) to[q] = from[q];
}

// Sums over kNeighbours rows near each atom, by a warp: rows[n_rows][kRowQuads] to sums[n_sums][kRowQuads]. Neighbours
// lie up to 2^(32 - shift) rows behind the atom's own.
MLFF_LIMIT_KERNEL(limits_gather, const float4* __restrict__ rows, float4* __restrict__ sums, const int n_rows,
                  const int n_sums, const int shift, const int atoms) {
  for (int i = thread_of_grid() / 32; i < atoms; i += (int)gridDim.x * kWarps) {
    unsigned state = (unsigned)(i % n_sums);
    float4 sum = {0.0f, 0.0f, 0.0f, 0.0f};
    _Pragma("unroll 8") for (int k = 0; k < kNeighbours; ++k) {
      state = state * 1664525u + 1013904223u;
      const int j = (int)(((unsigned)i + (state >> shift)) & (unsigned)(n_rows - 1));
      const float4 row = rows[j * kRowQuads + lane_of_warp()];
      sum.x += row.x, sum.y += row.y, sum.z += row.z, sum.w += row.w;
    }
    sums[(i % n_sums) * kRowQuads + lane_of_warp()] = sum;
  }
}

// Every block reads all weights, some times over; quads is a multiple of kThreads * kReadsAhead. Leaves for each thread
// the bits of what it read, added up.
MLFF_LIMIT_KERNEL(limits_weights, const float* __restrict__ weights, uint4* __restrict__ sums, const int quads,
                  const int rounds) {
  uint4 sum = {0, 0, 0, 0};
  for (int round = 0; round < rounds; ++round) {
    for (int q0 = (int)threadIdx.x; q0 < quads; q0 += kThreads * kReadsAhead) {
      uint4 read[kReadsAhead];
      MLFF_UNROLL
      for (int k = 0; k < kReadsAhead; ++k) read[k] = read_once(weights + 4 * (q0 + k * kThreads));
      MLFF_UNROLL
      for (int k = 0; k < kReadsAhead; ++k) {
        sum.x += read[k].x, sum.y += read[k].y, sum.z += read[k].z, sum.w += read[k].w;
      }
    }
  }
  sums[thread_of_grid()] = sum;
}

// x = x a + b in kChains chains, which begin at the thread's number in its block plus their own.
MLFF_LIMIT_KERNEL(limits_multiply_adds, real* __restrict__ sums, const int rounds, const real a, const real b) {
  real x[kChains];
  MLFF_UNROLL
  for (int k = 0; k < kChains; ++k) x[k] = (real)((int)threadIdx.x + k);
  _Pragma("unroll 1") for (int round = 0; round < rounds; ++round) {
    MLFF_UNROLL
    for (int n = 0; n < kChainSteps; ++n) {
      MLFF_UNROLL
      for (int k = 0; k < kChains; ++k) x[k] = fma(x[k], a, b);
    }
  }
  real sum = 0;
  MLFF_UNROLL
  for (int k = 0; k < kChains; ++k) sum += x[k];
  sums[thread_of_grid()] = sum;
}

// Products of halves on tensor cores with float sums: each round adds 16 a[row] b[column] to the sums of a tile, with
// a = (row % 4 + 1) / 4 and b = (column % 4 + tile % 2 + 1) / 4. Leaves the tiles' sums added up, as a lane holds them.
MLFF_LIMIT_KERNEL(limits_products, float4* __restrict__ sums, const int rounds) {
  const int g = lane_of_warp() / 4;
  const float row = (float)(g % 4 + 1) / 4;  // of rows g and g + 8
  const unsigned a_all = halves_of(row, row);
  const unsigned a[4] = {a_all, a_all, a_all, a_all};
  unsigned b[2][2];
  MLFF_UNROLL
  for (int odd = 0; odd < 2; ++odd) {
    const float column = (float)(g % 4 + odd + 1) / 4;
    b[odd][0] = b[odd][1] = halves_of(column, column);
  }
  float d[kProductTiles][4] = {};
  _Pragma("unroll 1") for (int round = 0; round < rounds; ++round) {
    MLFF_UNROLL
    for (int m = 0; m < kProductTiles; ++m) mma_halves(d[m], a, b[m % 2]);
  }
  float sum[4] = {};
  MLFF_UNROLL
  for (int m = 0; m < kProductTiles; ++m) {
    MLFF_UNROLL
    for (int k = 0; k < 4; ++k) sum[k] += d[m][k];
  }
  sums[thread_of_grid()] = make_float4(sum[0], sum[1], sum[2], sum[3]);
}

// As little as a launch can do.
MLFF_LIMIT_KERNEL(limits_node, unsigned* count) {
  if (thread_of_grid() == 0) ++*count;
}

// All blocks wait for one another, `rounds` times. Whoever waits longer than most_polls sets state[1] and leaves: not
// all blocks run at once. state[0] counts arrivals.
MLFF_LIMIT_KERNEL(limits_barrier, unsigned* state, const int rounds, const int most_polls) {
  for (int round = 0; round < rounds; ++round) {
    __syncthreads();
    int polls = 0;
    if (threadIdx.x == 0) {
      __threadfence();
      atomicAdd(state, 1u);
      const unsigned all = (unsigned)(round + 1) * gridDim.x;
      while (*(volatile unsigned*)state < all && polls < most_polls) ++polls;
      if (polls == most_polls) atomicExch(state + 1, 1u);
      __threadfence();
    }
    if (__syncthreads_or(polls == most_polls)) return;
  }
}
