// SPDX-License-Identifier: Apache-2.0
#include "products/product.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>

#include "op_kernel/host_cpu/row_math.h"
#include "products/product_math.h"

namespace product_math {

namespace baseline {
extern const ProductMath kProductMath;
}
#if defined(__x86_64__)
namespace avx2 {
extern const ProductMath kProductMath;
}
namespace avx512 {
extern const ProductMath kProductMath;
}
#endif

namespace {

const ProductMath& Best() {
#if defined(__x86_64__)
  for (const ProductMath* math : {&avx512::kProductMath, &avx2::kProductMath}) {
    if (std::strcmp(math->isa, row_math::BestRowMath().isa) == 0) return *math;
  }
#endif
  return baseline::kProductMath;
}

}  // namespace
}  // namespace product_math

namespace opapi {

namespace {

using product_math::Block;

// A tile of the result, and the depth of the blocks that it is made of: 512 KB each of a, b.
constexpr int64_t kTileRows = 256;
constexpr int64_t kTileColumns = 256;
constexpr int64_t kNarrowTileColumns = 128;
constexpr int64_t kDepth = 512;
// Products of up to 2^10 int8 values times int8 values are exact in float32.
static_assert(kDepth <= 1024);
// Below this, waking a second core costs more than it gives.
constexpr int64_t kOperationsPerTask = int64_t{1} << 20;

template <typename Sum>
struct Math {
  using Factor = Sum;
};
template <>
struct Math<int64_t> {
  using Factor = uint64_t;
};
template <>
struct Math<int32_t> {
  using Factor = float;
};

// Grows, never shrinks; aligned to a cache line, so that where it lies changes no bit.
template <typename T>
class Room {
 public:
  T* Of(int64_t elements) {
    if (elements > elements_) {
      data_.reset();
      elements_ = 0;
      const auto bytes = static_cast<size_t>(elements) * sizeof(T);
      data_.reset(static_cast<T*>(::operator new(bytes, kAlignment)));
      elements_ = elements;
    }
    return data_.get();
  }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(T* data) const { ::operator delete(data, kAlignment); }
  };
  std::unique_ptr<T, Free> data_;
  int64_t elements_ = 0;
};

template <typename Sum>
struct Rooms {
  using Factor = typename Math<Sum>::Factor;
  Room<Factor> a, b, c;
  Room<Sum> sums;
};

template <typename T>
constexpr bool IsStoredAs(aclDataType dtype) {
  if (std::is_same_v<T, float>) return dtype == ACL_FLOAT;
  if (std::is_same_v<T, double>) return dtype == ACL_DOUBLE;
  return std::is_same_v<T, uint64_t> && dtype == ACL_INT64;
}

void LoadRow(const uint8_t* from, aclDataType dtype, int64_t stride, int64_t count, float* to) {
  Load(from, dtype, stride, count, to);
}
void LoadRow(const uint8_t* from, aclDataType dtype, int64_t stride, int64_t count, double* to) {
  Load(from, dtype, stride, count, to);
}
void LoadRow(const uint8_t* from, aclDataType dtype, int64_t stride, int64_t count, uint64_t* to) {
  Load(from, dtype, stride, count, reinterpret_cast<int64_t*>(to));
}

// Rows one after the other: where they lie if they can be taken as they are, else in `room`.
template <typename T>
Block<T> RowsOf(const uint8_t* data, const Matrix& matrix, int64_t rows, int64_t columns,
                Room<T>* room) {
  const bool dense = matrix.column_stride == int64_t{sizeof(T)} &&
                     matrix.row_stride >= columns * int64_t{sizeof(T)} &&
                     matrix.row_stride % int64_t{sizeof(T)} == 0;
  if (IsStoredAs<T>(matrix.dtype) && dense && reinterpret_cast<uintptr_t>(data) % sizeof(T) == 0) {
    return {reinterpret_cast<const T*>(data), matrix.row_stride / int64_t{sizeof(T)}, true};
  }
  T* const to = room->Of(rows * columns);
  for (int64_t row = 0; row < rows; ++row) {
    LoadRow(data + row * matrix.row_stride, matrix.dtype, matrix.column_stride, columns,
            to + row * columns);
  }
  return {to, columns, true};
}

// In the order in which the matrix lies.
template <typename T>
Block<T> BlockOf(const Matrix& matrix, int64_t row, int64_t column, int64_t rows, int64_t columns,
                 Room<T>* room) {
  const uint8_t* const data = matrix.data + row * matrix.row_stride + column * matrix.column_stride;
  if (matrix.column_stride <= matrix.row_stride || rows == 1) {
    return RowsOf(data, matrix, rows, columns, room);
  }
  Block<T> block = RowsOf(data, Transposed(matrix), columns, rows, room);
  block.row_major = false;
  return block;
}

void Add(product_math::Size size, Block<float> a, Block<float> b, float* c) {
  static const product_math::ProductMath& math = product_math::Best();
  math.add_float(size, a, b, c);
}
void Add(product_math::Size size, Block<double> a, Block<double> b, double* c) {
  static const product_math::ProductMath& math = product_math::Best();
  math.add_double(size, a, b, c);
}
void Add(product_math::Size size, Block<uint64_t> a, Block<uint64_t> b, uint64_t* c) {
  static const product_math::ProductMath& math = product_math::Best();
  math.add_whole(size, a, b, c);
}

int64_t TileColumns(const Product& product) {
  return product.rows >= kNarrowTileColumns ? kTileColumns : kNarrowTileColumns;
}
int64_t TilesAcross(const Product& product) {
  const int64_t width = TileColumns(product);
  return (product.columns + width - 1) / width;
}
int64_t TilesOf(const Product& product) {
  return TilesAcross(product) * ((product.rows + kTileRows - 1) / kTileRows);
}

// Moves what a block of int8 products sums up to from float32 to int32, which wraps.
void AddExact(float* c, int64_t elements, int32_t* sums) {
  for (int64_t i = 0; i < elements; ++i) {
    const auto more = static_cast<uint32_t>(static_cast<int32_t>(c[i]));
    sums[i] = static_cast<int32_t>(static_cast<uint32_t>(sums[i]) + more);
    c[i] = 0;
  }
}

struct Tile {
  size_t product;
  int64_t row, column, rows, columns;
};

template <typename Sum>
Sum* SumsOfTile(const Product& product, const Tile& tile, Rooms<Sum>* rooms) {
  using Factor = typename Math<Sum>::Factor;
  const int64_t elements = tile.rows * tile.columns;
  Factor* const c = rooms->c.Of(elements);
  std::fill_n(c, elements, Factor{});
  [[maybe_unused]] Sum* const sums =
      std::is_same_v<Sum, int32_t> ? rooms->sums.Of(elements) : nullptr;
  if constexpr (std::is_same_v<Sum, int32_t>) std::fill_n(sums, elements, 0);
  for (int64_t i = 0; i < product.summands; ++i) {
    Matrix a = product.a;
    Matrix b = product.b;
    a.data += i * product.a_step;
    b.data += i * product.b_step;
    for (int64_t k = 0; k < product.inner; k += kDepth) {
      const int64_t depth = std::min(kDepth, product.inner - k);
      const product_math::Size size = {tile.rows, tile.columns, depth};
      Add(size, BlockOf(a, tile.row, k, tile.rows, depth, &rooms->a),
          BlockOf(b, k, tile.column, depth, tile.columns, &rooms->b), c);
      if constexpr (std::is_same_v<Sum, int32_t>) AddExact(c, elements, sums);
    }
  }
  if constexpr (std::is_same_v<Sum, int32_t>) {
    return sums;
  } else {
    return reinterpret_cast<Sum*>(c);
  }
}

template <typename Sum>
struct Work {
  const Product* products;
  std::vector<int64_t> first_tile;  // of each product, and one past the last
  int64_t tiles_per_task = 1;
  VisitSums<Sum> visit;
  const void* state;
  std::atomic<bool> out_of_memory{false};

  void Visit(const Tile& tile, Rooms<Sum>* rooms) const {
    Sum* const sums = SumsOfTile(products[tile.product], tile, rooms);
    for (int64_t row = 0; row < tile.rows; ++row) {
      visit(state,
            {tile.product, tile.row + row, tile.column, tile.columns, sums + row * tile.columns});
    }
  }

  void RunTask(int64_t task) {
    thread_local Rooms<Sum> rooms;
    const int64_t begin = task * tiles_per_task;
    const int64_t end = std::min(first_tile.back(), begin + tiles_per_task);
    for (int64_t number = begin; number < end; ++number) {
      const auto after = std::upper_bound(first_tile.begin(), first_tile.end(), number);
      const auto index = static_cast<size_t>(after - first_tile.begin() - 1);
      const Product& product = products[index];
      const int64_t tile = number - first_tile[index];
      const int64_t width = TileColumns(product);
      const int64_t row = tile / TilesAcross(product) * kTileRows;
      const int64_t column = tile % TilesAcross(product) * width;
      Visit({index, row, column, std::min(kTileRows, product.rows - row),
             std::min(width, product.columns - column)},
            &rooms);
    }
  }
};

template <typename Sum>
void RunTask(void* state, uint32_t task) {
  auto* const work = static_cast<Work<Sum>*>(state);
  try {
    work->RunTask(task);
  } catch (const std::bad_alloc&) {
    work->out_of_memory = true;
  }
}

}  // namespace

template <typename Sum>
aclError Multiply(const Product* products, size_t count, HostFailure* failure, VisitSums<Sum> visit,
                  const void* state) {
  Work<Sum> work{};
  work.products = products;
  work.visit = visit;
  work.state = state;
  work.first_tile.reserve(count + 1);
  work.first_tile.push_back(0);
  int64_t operations = 0;
  for (size_t i = 0; i < count; ++i) {
    work.first_tile.push_back(work.first_tile.back() + TilesOf(products[i]));
    operations +=
        products[i].rows * products[i].columns * (products[i].inner * products[i].summands + 1);
  }
  const int64_t tiles = work.first_tile.back();
  if (tiles == 0) return ACL_SUCCESS;
  const int64_t operations_per_tile = std::max<int64_t>(1, operations / tiles);
  work.tiles_per_task = std::max<int64_t>(1, kOperationsPerTask / operations_per_tile);
  const int64_t tasks = (tiles + work.tiles_per_task - 1) / work.tiles_per_task;
  HostParallelFor(static_cast<uint32_t>(tasks), HostCoreCount(), RunTask<Sum>, &work);
  if (!work.out_of_memory) return ACL_SUCCESS;
  std::snprintf(failure->text, sizeof(failure->text), "no memory for blocks of the operands");
  return ACL_ERROR_RT_MEMORY_ALLOCATION;
}

template aclError Multiply<float>(const Product*, size_t, HostFailure*, VisitSums<float>,
                                  const void*);
template aclError Multiply<double>(const Product*, size_t, HostFailure*, VisitSums<double>,
                                   const void*);
template aclError Multiply<int64_t>(const Product*, size_t, HostFailure*, VisitSums<int64_t>,
                                    const void*);
template aclError Multiply<int32_t>(const Product*, size_t, HostFailure*, VisitSums<int32_t>,
                                    const void*);

}  // namespace opapi
