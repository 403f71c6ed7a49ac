// The dense layers of GPU kernels (templates/tile_product.cuh) against plain sums in double.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstring>
#include <random>

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
// Below, at and beyond the rows that a warp takes at a time.
constexpr std::array kRows = {1, 2, 7, 8, 9, 13, 16, 17, 23, 24, 25, 33, 41, 48, 49, 72, 96};
constexpr int kMostIn = 384;

// How a kernel is compiled.
struct Block {
  int lanes, teams, weight_steps, tile;
  const char* before = "";  // in front of the templates
  int threads() const { return lanes * teams; }
  int most_rows() const { return 3 * tile; }  // vectors of a tile of atoms
  unsigned shared_bytes() const {
    return static_cast<unsigned>((weight_steps * threads() * 8 + most_rows() * kMostIn) *
                                 static_cast<int>(sizeof(float)));
  }
};

// As the kernels below have it.
struct Call {
  cuda::DevicePointer in = 0, weights = 0, bias = 0;
  std::array<cuda::DevicePointer, 3> out = {};
  int rows = 0, add = 0, in_shared = 0, unused = 0;
};

constexpr const char* kProduct = R"(
struct Call {
  const real *in, *weights, *bias;
  real* out[3];
  int rows, add, in_shared, unused;
};
template <int IN, int OUT, int COUNT>
static __device__ void product(const Call& call, real* ring, real* rows, Steps next) {
  if (call.in_shared) {
    for (int k = threadIdx.x; k < call.rows * IN; k += kBlock) rows[k] = call.in[k];
    block_barrier();
    linear_tile<IN, OUT, COUNT>(call.rows, in_shared(rows), call.weights, call.bias, call.add, ring, next, call.out[0],
                                call.out[1], call.out[2]);
  } else {
    linear_tile<IN, OUT, COUNT>(call.rows, call.in, call.weights, call.bias, call.add, ring, next, call.out[0],
                                call.out[1], call.out[2]);
  }
  block_barrier();
}
)";

std::string chain_text(std::size_t number) {
  const std::vector<Shape>& chain = kChains[number];
  const auto shape = [&](std::size_t k) {
    return fmt::format("<{}, {}, {}>", chain[k].in, chain[k].out, chain[k].count);
  };
  const auto first_steps = [&](std::size_t k) {
    return k < chain.size() ? fmt::format("first_steps{}(calls[{}].weights)", shape(k), k) : "no_steps()";
  };
  std::string text = fmt::format("MLFF_KERNEL(chain_{}, 1, const Call* calls) {{\n", number);
  text += "  MLFF_SHARED(ring, kRingReals);\n  real* const rows = ring + kRingReals;\n";
  text += fmt::format("  fetch_ahead(ring, {});\n", first_steps(0));
  for (std::size_t k = 0; k < chain.size(); ++k) {
    text += fmt::format("  product{}(calls[{}], ring, rows, {});\n", shape(k), k, first_steps(k + 1));
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
  for (std::size_t k = 0; k < kChains.size(); ++k) text += chain_text(k);
  return text;
}

std::vector<float> random_numbers(std::mt19937& random, int count) {
  std::uniform_real_distribution<float> number(-1, 1);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = number(random);
  return values;
}

// A product's numbers, here and on the GPU.
struct Product {
  static constexpr int kRowsBehind = 3;  // of the outputs, to be left as they are

  Shape shape;
  int rows;
  bool with_bias, add, in_shared;
  std::vector<float> in, weights, bias;
  std::vector<std::vector<float>> out;
  Array<float> gpu_in, gpu_weights, gpu_bias;
  std::vector<Array<float>> gpu_out;

  Product(const cuda_test::Gpu& gpu, std::mt19937& random, const Shape& s, int n_rows)
      : shape(s),
        rows(n_rows),
        with_bias(random() % 2 == 0),
        add(!with_bias && random() % 2 == 0),
        in_shared(random() % 2 == 0),
        in(random_numbers(random, rows * s.in)),
        weights(random_numbers(random, s.count * s.in * s.out)),
        bias(random_numbers(random, s.count * s.out)),
        gpu_in(gpu, in),
        gpu_weights(gpu, s.on_tensor_cores() ? cuda_model::in_order_of_fragments(weights, s.in, s.out) : weights),
        gpu_bias(gpu, bias) {
    for (int k = 0; k < s.count; ++k) {
      out.push_back(random_numbers(random, (rows + kRowsBehind) * s.out));
      gpu_out.emplace_back(gpu, out.back());
    }
  }

  Call call() const {
    Call call{gpu_in.address(), gpu_weights.address(), with_bias ? gpu_bias.address() : 0, {}, rows, add, in_shared, 0};
    for (std::size_t k = 0; k < gpu_out.size(); ++k) call.out[k] = gpu_out[k].address();
    return call;
  }

  // Numbers of an output that are not what they should be. 2^-19 of the sum of magnitudes is what float arithmetic and
  // split operands take; a product of operands of 11 bits is wrong by ten times as much.
  int wrong(const std::vector<float>& result, int matrix) const {
    constexpr double kBound = 1.0 / (1 << 19);
    const std::vector<float>& before = out[static_cast<std::size_t>(matrix)];
    int count = 0;
    for (int n = 0; n < static_cast<int>(result.size()); ++n) {
      const int row = n / shape.out, column = n % shape.out;
      const auto at = static_cast<std::size_t>(n);
      double sum = row >= rows || add ? before[at] : 0.0, magnitude = 1;
      if (row < rows && with_bias) sum += bias[static_cast<std::size_t>(matrix * shape.out + column)];
      for (int k = 0; row < rows && k < shape.in; ++k) {
        const double term =
            static_cast<double>(in[static_cast<std::size_t>(row * shape.in + k)]) *
            static_cast<double>(weights[static_cast<std::size_t>((matrix * shape.in + k) * shape.out + column)]);
        sum += term;
        magnitude += std::abs(term);
      }
      const double error = std::abs(static_cast<double>(result[at]) - sum);
      if (!(error <= (row < rows ? kBound * magnitude : 0))) ++count;
    }
    return count;
  }
};

void check_chain(const cuda_test::Gpu& gpu, const cuda::Kernel& kernel, const Block& block, std::size_t number,
                 std::size_t launch) {
  std::mt19937 random(static_cast<unsigned>(launch));
  std::vector<Product> products;
  std::vector<Call> calls;
  for (std::size_t k = 0; k < kChains[number].size(); ++k) {
    int rows = kRows[(launch + 3 * k) % kRows.size()];
    if (rows > block.most_rows()) rows = 1 + rows % block.most_rows();
    products.emplace_back(gpu, random, kChains[number][k], rows);
    calls.push_back(products.back().call());
  }
  const Array<Call> gpu_calls(gpu, calls);
  kernel.launch(gpu.stream, {1, static_cast<unsigned>(block.threads()), block.shared_bytes()}, gpu_calls.address());
  for (const Product& product : products) {
    for (int matrix = 0; matrix < product.shape.count; ++matrix) {
      CAPTURE(number);
      CAPTURE(product.shape.in);
      CAPTURE(product.shape.out);
      CAPTURE(product.shape.count);
      CAPTURE(product.rows);
      CAPTURE(product.with_bias);
      CAPTURE(product.add);
      CAPTURE(product.in_shared);
      CAPTURE(matrix);
      CHECK(product.wrong(product.gpu_out[static_cast<std::size_t>(matrix)].read(gpu), matrix) == 0);
    }
  }
}

void check_chains(const Block& block) {
  CAPTURE(block.lanes);
  CAPTURE(block.teams);
  CAPTURE(block.weight_steps);
  const cuda_test::Gpu gpu;
  const cuda::Module code = cuda_test::module(gpu, kernels_text(block));
  for (std::size_t number = 0; number < kChains.size(); ++number) {
    cuda::Kernel kernel = code.kernel(fmt::format("chain_{}", number));
    kernel.allow_shared(block.shared_bytes());
    for (std::size_t launch = 0; launch < kRows.size(); ++launch) check_chain(gpu, kernel, block, number, launch);
  }
}

}  // namespace

TEST_CASE("dense layers one behind another are plain sums, by 8 warps") { check_chains({64, 4, 4, 16}); }
TEST_CASE("dense layers one behind another are plain sums, by 4 warps") { check_chains({32, 4, 8, 32}); }
TEST_CASE("dense layers one behind another are plain sums, by 16 warps") { check_chains({128, 4, 4, 8}); }

TEST_CASE("dense layers are the same if copies are done before they are waited for") {
  check_chains({64, 4, 4, 16, "#define software_gpu_copy_async(to, from, bytes) __builtin_memcpy(to, from, bytes)\n"});
}
