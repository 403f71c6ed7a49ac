// The dense layers of GPU kernels (templates/tile_product.cuh) against plain sums in double.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <utility>

#include "base/files.h"
#include "runtime/cuda_model/fragments.h"
#include "tests/cuda/device_kernels.h"

using namespace mlffgen;
using cuda_test::Array;

namespace {

// COUNT matrices [in][out].
struct Shape {
  int in, out, count;
  bool on_tensor_cores() const { return in % 16 == 0 && out % 16 == 0; }
};

// Each a kernel: the weights of a product are on their way while the one before it, of another shape, is at work.
const std::vector<std::vector<Shape>> kChains = {
    {{16, 16, 1}, {32, 48, 2}, {48, 32, 3}, {20, 7, 2}, {64, 64, 1}},
    {{96, 16, 3}, {16, 96, 2}, {384, 16, 1}, {128, 1, 1}, {64, 128, 3}},
    {{128, 128, 2}, {48, 16, 2}, {128, 384, 1}, {5, 16, 3}, {16, 32, 1}},
    {{32, 128, 3}, {96, 96, 3}, {384, 48, 2}, {16, 384, 1}, {16, 64, 3}},
};
// Atoms of a tile: one row each, or three, are then below, at and beyond what a warp takes at a time.
constexpr std::array kAtoms = {1, 2, 3, 5, 7, 8, 9, 11, 14, 16, 17, 19, 24, 25, 32};
constexpr int kMostIn = 384;

// How a kernel is compiled.
struct Block {
  int lanes, teams, weight_steps, tile;
  const char* before = "";  // in front of the templates
  int threads() const { return lanes * teams; }
  int most_rows() const { return 3 * tile; }  // vectors of a tile of atoms
  unsigned shared_bytes() const {
    return static_cast<unsigned>((weight_steps * threads() * 8 + most_rows() * (1 + kMostIn)) *
                                 static_cast<int>(sizeof(float)));
  }
};

// As the kernels below have it.
struct Call {
  cuda::DevicePointer in = 0, weights = 0, bias = 0;
  std::array<cuda::DevicePointer, 3> out = {};
  int atoms = 0, add = 0, in_shared = 0;
  float back_of_weights = 1;
};

constexpr const char* kProduct = R"(
struct Call {
  const real *in, *weights, *bias;
  real* out[3];
  int atoms, add, in_shared;
  real back_of_weights;
};
template <int IN, int OUT, int COUNT, int ROWS>
static __device__ void product(const Call& call, real* ring, real* back, real* array, Steps next) {
  constexpr bool kSplit = on_tensor_cores<IN, OUT>();
  const bool copied = kSplit || call.in_shared;
  if (copied) {
    MLFF_EACH_ATOM(t, call.atoms) {
      for (int k = lane(); k < ROWS * IN; k += kLanes) array[t * (ROWS * IN) + k] = call.in[t * (ROWS * IN) + k];
      if constexpr (kSplit) split_rows<IN, ROWS>(array, back, t);
    }
    block_barrier();
  }
  linear_tile<IN, OUT, COUNT, ROWS>(call.atoms * ROWS, copied ? array : call.in, kSplit ? back : nullptr, call.weights,
                                    call.back_of_weights, call.bias, call.add, ring, next, call.out[0], call.out[1],
                                    call.out[2]);
  block_barrier();
}
)";

// Rows of an atom in a product of a chain: every product is compiled with both numbers, as are its neighbours.
int rows_of_atom(std::size_t product, int variant) { return (static_cast<int>(product) + variant) % 2 == 0 ? 1 : 3; }

std::string kernel_name(std::size_t chain, int variant) { return fmt::format("chain_{}_{}", chain, variant); }

std::string chain_text(std::size_t number, int variant) {
  const std::vector<Shape>& chain = kChains[number];
  const auto shape = [&](std::size_t k) {
    return fmt::format("<{}, {}, {}, {}>", chain[k].in, chain[k].out, chain[k].count, rows_of_atom(k, variant));
  };
  const auto first_steps = [&](std::size_t k) {
    return k < chain.size() ? fmt::format("first_steps{}(calls[{}].weights)", shape(k), k) : "no_steps()";
  };
  std::string text = fmt::format("MLFF_KERNEL({}, 1, const Call* calls) {{\n", kernel_name(number, variant));
  text += "  MLFF_SHARED(ring, kRingReals);\n";
  text += "  real *const array = ring + kRingReals, *const back = array + 3 * kTile * " + fmt::format("{};\n", kMostIn);
  text += fmt::format("  fetch_ahead(ring, {});\n", first_steps(0));
  for (std::size_t k = 0; k < chain.size(); ++k) {
    text += fmt::format("  product{}(calls[{}], ring, back, array, {});\n", shape(k), k, first_steps(k + 1));
  }
  return text + "}\n";
}

std::string kernels_text(const Block& block) {
  std::string text = fmt::format(
      "#define MLFF_LANES {}\n#define MLFF_TEAMS {}\n#define MLFF_WEIGHT_STEPS {}\n#define MLFF_TILE {}\n{}",
      block.lanes, block.teams, block.weight_steps, block.tile, block.before);
  text += "using real = float;\n";
  for (const char* const name : {"ptx.cuh", "cuda_shim.cuh", "common.cuh", "tile_product.cuh"}) {
    text += read_text_file(std::string("templates/") + name, 1 << 20);
  }
  text += kProduct;
  for (std::size_t k = 0; k < kChains.size(); ++k) text += chain_text(k, 0) + chain_text(k, 1);
  return text;
}

std::vector<float> random_numbers(std::mt19937& random, int count, float most = 1) {
  std::uniform_real_distribution<float> number(-most, most);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = number(random);
  return values;
}

// The numbers of a row, all of about one size or spread over many decades, and their largest size. A row with a NaN or
// an infinity among them is said to be of size 0.
std::pair<std::vector<float>, float> random_row(std::mt19937& random, int count, bool with_odd) {
  constexpr std::array kSizes = {1.0f, 1.0f, 1e-30f, 1e20f, 3e-4f, 0.0f};
  const unsigned kind = random() % (kSizes.size() + 2);
  const float most = kind < kSizes.size() ? kSizes[kind] : 1e3f;
  std::vector<float> row = random_numbers(random, count, most);
  if (kind >= kSizes.size()) {
    for (float& value : row) value *= std::ldexp(1.0f, -static_cast<int>(random() % 70));
  }
  if (!with_odd) return {row, most};
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr std::array kOdd = {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()};
  row[random() % row.size()] = kOdd[random() % kOdd.size()];
  return {row, 0.0f};
}

// By how much sums are too close to zero on average, in units of 2^-24 of the root of their terms' squares.
struct Loss {
  double total = 0;
  long count = 0;
  void add(double exact, double found, double size) {
    if (!std::isfinite(exact) || size < 1e-24) return;  // below, operands have fewer bits
    total += std::ldexp((std::abs(exact) - (exact < 0 ? -found : found)) / size, 24);
    ++count;
  }
  double mean() const { return total / static_cast<double>(count); }
};

// A product's numbers, here and on the GPU.
struct Product {
  static constexpr int kRowsBehind = 3;  // of the outputs, to be left as they are

  Shape shape;
  int rows_of_atom, atoms, rows;
  bool with_bias, add, in_shared;
  int exponent = 0;
  std::vector<float> in, weights, bias;
  std::vector<std::vector<float>> out;
  std::vector<Array<float>> gpu_numbers, gpu_out;
  std::vector<Array<std::uint32_t>> gpu_fragments;

  Product(const cuda_test::Gpu& gpu, std::mt19937& random, const Shape& s, int n_rows, int n_atoms)
      : shape(s),
        rows_of_atom(n_rows),
        atoms(n_atoms),
        rows(n_rows * n_atoms),
        with_bias(random() % 3 == 0),
        add(!with_bias && random() % 2 == 0),
        in_shared(random() % 2 == 0) {
    constexpr std::array kSizes = {1.0f, 1e-4f, 700.0f};
    const float size = kSizes[random() % kSizes.size()];
    weights = random_numbers(random, s.count * s.in * s.out, size);
    // The largest comes to 2^13 .. 2^14, as the emitter has it.
    if (s.on_tensor_cores()) {
      const auto by_size = [](float a, float b) { return std::abs(a) < std::abs(b); };
      exponent = 13 - std::ilogb(*std::max_element(weights.begin(), weights.end(), by_size));
    }
    bias = random_numbers(random, s.count * s.out, size);
    for (int k = 0; k < s.count; ++k) out.emplace_back();
    const int odd_row = random() % 2 == 0 ? static_cast<int>(random() % static_cast<unsigned>(rows)) : -1;
    for (int r = 0; r < rows + kRowsBehind; ++r) {
      const auto [row, most] = random_row(random, s.in, r == odd_row);
      if (r < rows) in.insert(in.end(), row.begin(), row.end());
      for (std::vector<float>& numbers : out) {
        const std::vector<float> before = random_numbers(random, s.out, most > 0 ? size * most : 1);
        numbers.insert(numbers.end(), before.begin(), before.end());
      }
    }
    for (const auto* const numbers : {&in, &weights, &bias}) gpu_numbers.emplace_back(gpu, *numbers);
    if (s.on_tensor_cores()) {
      gpu_fragments.emplace_back(gpu, cuda_model::split_fragments(weights, s.in, s.out, exponent));
    }
    for (const std::vector<float>& numbers : out) gpu_out.emplace_back(gpu, numbers);
  }

  Call call() const {
    const cuda::DevicePointer plain = gpu_numbers[1].address();
    Call call{gpu_numbers[0].address(),
              gpu_fragments.empty() ? plain : gpu_fragments[0].address(),
              with_bias ? gpu_numbers[2].address() : 0,
              {},
              atoms,
              add,
              in_shared,
              std::ldexp(1.0f, -exponent)};
    for (std::size_t k = 0; k < gpu_out.size(); ++k) call.out[k] = gpu_out[k].address();
    return call;
  }

  // One number of an output, in double.
  struct Sum {
    double value = 0, magnitude = 0, squares = 0;  // the sum of the terms, of their magnitudes and of their squares
    void add(double term) {
      value += term;
      magnitude += std::abs(term);
      squares += term * term;
    }
  };
  Sum sum(int matrix, int row, int column) const {
    Sum sum;
    if (add) {
      const std::vector<float>& before = out[static_cast<std::size_t>(matrix)];
      sum.add(static_cast<double>(before[static_cast<std::size_t>(row * shape.out + column)]));
    }
    if (with_bias) sum.add(static_cast<double>(bias[static_cast<std::size_t>(matrix * shape.out + column)]));
    for (int k = 0; k < shape.in; ++k) {
      sum.add(static_cast<double>(in[static_cast<std::size_t>(row * shape.in + k)]) *
              static_cast<double>(weights[static_cast<std::size_t>((matrix * shape.in + k) * shape.out + column)]));
    }
    return sum;
  }

  // Numbers of an output that are not what they should be. 2^-19 of the sum of magnitudes is what float arithmetic and
  // split operands take; a product of operands of 11 bits is wrong by ten times as much. Where the sum is no number,
  // neither is the output.
  int wrong(const std::vector<float>& result, int matrix, Loss& loss) const {
    constexpr double kBound = 1.0 / (1 << 19);
    const std::vector<float>& before = out[static_cast<std::size_t>(matrix)];
    int count = 0;
    for (int n = 0; n < static_cast<int>(result.size()); ++n) {
      const int row = n / shape.out, column = n % shape.out;
      const auto at = static_cast<std::size_t>(n);
      if (row >= rows) {
        if (result[at] != before[at]) ++count;
        continue;
      }
      const Sum exact = sum(matrix, row, column);
      const double found = static_cast<double>(result[at]), error = std::abs(found - exact.value);
      if (!(std::isfinite(exact.value) ? error <= kBound * exact.magnitude : !std::isfinite(found))) ++count;
      if (shape.on_tensor_cores() && shape.in >= 96) loss.add(exact.value, found, std::sqrt(exact.squares));
    }
    return count;
  }
};

void check_chain(const cuda_test::Gpu& gpu, const cuda::Kernel& kernel, const Block& block, std::size_t number,
                 int variant, std::size_t launch, Loss& loss) {
  std::mt19937 random(static_cast<unsigned>(2 * launch) + static_cast<unsigned>(variant));
  std::vector<Product> products;
  std::vector<Call> calls;
  for (std::size_t k = 0; k < kChains[number].size(); ++k) {
    const int atoms = kAtoms[(launch + 4 * k) % kAtoms.size()];
    products.emplace_back(gpu, random, kChains[number][k], rows_of_atom(k, variant), 1 + (atoms - 1) % block.tile);
    calls.push_back(products.back().call());
  }
  const Array<Call> gpu_calls(gpu, calls);
  kernel.launch(gpu.stream, {1, static_cast<unsigned>(block.threads()), block.shared_bytes()}, gpu_calls.address());
  for (const Product& product : products) {
    for (int matrix = 0; matrix < product.shape.count; ++matrix) {
      CAPTURE(number);
      CAPTURE(launch);
      CAPTURE(product.shape.in);
      CAPTURE(product.shape.out);
      CAPTURE(product.shape.count);
      CAPTURE(product.rows_of_atom);
      CAPTURE(product.atoms);
      CAPTURE(product.with_bias);
      CAPTURE(product.add);
      CAPTURE(product.in_shared);
      CAPTURE(product.exponent);
      CAPTURE(matrix);
      CHECK(product.wrong(product.gpu_out[static_cast<std::size_t>(matrix)].read(gpu), matrix, loss) == 0);
    }
  }
}

void check_chains(const Block& block) {
  CAPTURE(block.lanes);
  CAPTURE(block.teams);
  CAPTURE(block.weight_steps);
  CAPTURE(block.tile);
  const cuda_test::Gpu gpu;
  const cuda::Module code = cuda_test::module(gpu, kernels_text(block));
  Loss loss;
  for (std::size_t number = 0; number < kChains.size(); ++number) {
    for (const int variant : {0, 1}) {
      cuda::Kernel kernel = code.kernel(kernel_name(number, variant));
      kernel.allow_shared(block.shared_bytes());
      for (std::size_t launch = 0; launch < kAtoms.size(); ++launch) {
        check_chain(gpu, kernel, block, number, variant, launch, loss);
      }
    }
  }
  // Tensor cores cut sums off: those that they keep over a whole row are too small by two units, those of 16 products
  // by 0.4.
  CHECK(loss.count > 10000);
  CHECK(std::abs(loss.mean()) < 1);
}

}  // namespace

TEST_CASE("dense layers one behind another are plain sums, by 8 warps") { check_chains({64, 4, 4, 16}); }
TEST_CASE("dense layers one behind another are plain sums, by 4 warps") { check_chains({32, 4, 8, 32}); }
TEST_CASE("dense layers one behind another are plain sums, by 16 warps") { check_chains({128, 4, 4, 8}); }
TEST_CASE("dense layers one behind another are plain sums, by 2 warps") { check_chains({32, 2, 2, 4}); }

TEST_CASE("dense layers are the same if copies are done before they are waited for") {
  check_chains({64, 4, 4, 16, "#define software_gpu_copy_async(to, from, bytes) __builtin_memcpy(to, from, bytes)\n"});
}
