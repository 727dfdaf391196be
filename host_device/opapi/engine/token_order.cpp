// SPDX-License-Identifier: Apache-2.0
#include "engine/token_order.h"

#include <algorithm>
#include <numeric>

#include "engine/vectors.h"

namespace opapi {

Indices Ordered(const Indices& keys) {
  Indices order(keys.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return keys[static_cast<size_t>(a)] < keys[static_cast<size_t>(b)];
  });
  return order;
}

void StoreAll(const Indices& values, const HostTensorView& view) {
  Vectors(view, 0).Store(values.data(), 0);
}

Indices Inverse(const Indices& order, size_t count) {
  Indices places(count, -1);
  for (size_t i = 0; i < order.size(); ++i) {
    places[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  }
  return places;
}

}  // namespace opapi
