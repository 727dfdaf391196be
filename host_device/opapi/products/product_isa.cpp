// SPDX-License-Identifier: Apache-2.0
// Compiled once per instruction set with PRODUCT_ISA as its name, and with a name of its own for
// Eigen's namespace.
#include <Eigen/Core>

#include "products/product_math.h"

namespace product_math {
namespace PRODUCT_ISA {
namespace {

template <typename T, int kOrder>
auto MapOf(const Block<T>& block, int64_t rows, int64_t columns) {
  using Dense = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, kOrder>;
  return Eigen::Map<const Dense, Eigen::Unaligned, Eigen::OuterStride<>>(
      block.data, rows, columns, Eigen::OuterStride<>(block.stride));
}

template <typename T, int kOrderA, int kOrderB>
void AddOrdered(const Size& size, const Block<T>& a, const Block<T>& b, T* c) {
  using Dense = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Eigen::Map<Dense>(c, size.rows, size.columns).noalias() +=
      MapOf<T, kOrderA>(a, size.rows, size.inner) * MapOf<T, kOrderB>(b, size.inner, size.columns);
}

template <typename T>
void Add(Size size, Block<T> a, Block<T> b, T* c) {
  constexpr int kRows = Eigen::RowMajor;
  constexpr int kColumns = Eigen::ColMajor;
  if (a.row_major) {
    b.row_major ? AddOrdered<T, kRows, kRows>(size, a, b, c)
                : AddOrdered<T, kRows, kColumns>(size, a, b, c);
  } else {
    b.row_major ? AddOrdered<T, kColumns, kRows>(size, a, b, c)
                : AddOrdered<T, kColumns, kColumns>(size, a, b, c);
  }
}

// Eigen cuts sums by the sizes of the caches that it finds; the same sizes everywhere give the same
// bits everywhere.
const bool kCachesSet = [] {
  Eigen::setCpuCacheSizes(32 << 10, 512 << 10, 4 << 20);
  return true;
}();

}  // namespace

extern const ProductMath kProductMath;
#define ACLNN_MOE_TEXT(name) #name
#define ACLNN_MOE_TEXT_OF(name) ACLNN_MOE_TEXT(name)
const ProductMath kProductMath = {ACLNN_MOE_TEXT_OF(PRODUCT_ISA), Add<float>, Add<double>,
                                  Add<uint64_t>};

}  // namespace PRODUCT_ISA
}  // namespace product_math
