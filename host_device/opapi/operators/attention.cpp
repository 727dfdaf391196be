// SPDX-License-Identifier: Apache-2.0
// softmax(scale * query key' + pse, where the mask lets it) value, by blocks of query rows: of the
// scores no more than a block's lie in memory.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>

#include "aclnnop/aclnn_flash_attention_score.h"
#include "engine/shape_check.h"
#include "engine/vectors.h"
#include "products/product.h"

namespace {

using opapi::FirstPhase;
using opapi::Matrix;
using opapi::Product;
using opapi::Refuse;
using opapi::Shape;
using opapi::ShapeFrom;
using opapi::ShapeOf;
using opapi::ShapeText;
using opapi::Verdict;

constexpr int64_t kBlockRows = 64;
// The last dimension of softmaxMaxOut and softmaxSumOut, all of the same value.
constexpr int64_t kCopies = 8;

// Numbers of sparseMode.
constexpr int64_t kPlainMask = 0;
constexpr int64_t kWholeMask = 1;
constexpr int64_t kLeftUpCausal = 2;
constexpr int64_t kRightDownCausal = 3;

// query, key, value, pse, mask; max, sum, out.
enum Place : size_t { kQuery, kKey, kValue, kPse, kMask, kMax, kSum, kOut };

enum class Layout { kBnsd, kBsnd, kBsh, kSbh };

struct Attention {
  Layout layout;
  int64_t heads;
  int64_t kv_heads;
  int64_t sparse_mode;
  int64_t pre_tokens, next_tokens;
  float scale;
};

// A tensor as (batch, head, row, element), strides in elements.
struct Heads {
  int64_t dims[4];
  int64_t strides[4];
};

bool ReadLayout(const char* name, Layout* layout) {
  const struct {
    const char* name;
    Layout layout;
  } known[] = {{"BNSD", Layout::kBnsd},
               {"BSND", Layout::kBsnd},
               {"BSH", Layout::kBsh},
               {"SBH", Layout::kSbh}};
  for (const auto& one : known) {
    if (std::strcmp(name, one.name) != 0) continue;
    *layout = one.layout;
    return true;
  }
  return false;
}

uint32_t DimsOf(Layout layout) {
  return layout == Layout::kBnsd || layout == Layout::kBsnd ? 4 : 3;
}

Heads HeadsOf(const HostTensorView& view, Layout layout, int64_t heads) {
  const int64_t* d = view.dims;
  const int64_t* s = view.strides;
  switch (layout) {
    case Layout::kBnsd:
      return {{d[0], d[1], d[2], d[3]}, {s[0], s[1], s[2], s[3]}};
    case Layout::kBsnd:
      return {{d[0], d[2], d[1], d[3]}, {s[0], s[2], s[1], s[3]}};
    case Layout::kBsh:
      return {{d[0], heads, d[1], d[2] / heads}, {s[0], s[2] * (d[2] / heads), s[1], s[2]}};
    case Layout::kSbh:
      return {{d[1], heads, d[0], d[2] / heads}, {s[1], s[2] * (d[2] / heads), s[0], s[2]}};
  }
  return {};
}

Matrix MatrixOf(const HostTensorView& view, const Heads& heads, int64_t batch, int64_t head,
                int64_t row) {
  const int64_t bytes = opapi::ElementBytes(view);
  const int64_t offset =
      batch * heads.strides[0] + head * heads.strides[1] + row * heads.strides[2];
  return {opapi::FirstElement(view) + offset * bytes, view.dtype, heads.strides[2] * bytes,
          heads.strides[3] * bytes};
}

// Where a row of a tensor that broadcasts to (batch, heads, rows, columns) lies.
struct BroadcastRow {
  const uint8_t* data;
  aclDataType dtype;
  int64_t stride;  // bytes
};

BroadcastRow RowOf(const HostTensorView& view, int64_t batch, int64_t head, int64_t row) {
  const int64_t indices[] = {batch, head, row};
  BroadcastRow at{opapi::FirstElement(view), view.dtype, 0};
  const int64_t bytes = opapi::ElementBytes(view);
  for (uint32_t dim = 0; dim < view.dim_count; ++dim) {
    const uint32_t place = 4 - view.dim_count + dim;  // among the four
    if (view.dims[dim] == 1) continue;
    if (place == 3) {
      at.stride = view.strides[dim] * bytes;
    } else {
      at.data += indices[place] * view.strides[dim] * bytes;
    }
  }
  return at;
}

// The columns [first, last) that a query row may look at, whatever the mask says.
struct Band {
  int64_t first, last;
};

Band BandOf(const Attention& attention, bool masked, int64_t row, int64_t rows, int64_t columns) {
  int64_t first = 0;
  int64_t last = columns;
  switch (attention.sparse_mode) {
    case kPlainMask:
      // Without a mask there is no band either.
      if (masked) {
        first = row - std::min(attention.pre_tokens, rows + columns);
        last = row + std::min(attention.next_tokens, rows + columns) + 1;
      }
      break;
    case kLeftUpCausal:
      last = row + 1;
      break;
    case kRightDownCausal:
      last = row + 1 + columns - rows;
      break;
    default:
      break;
  }
  first = std::clamp<int64_t>(first, 0, columns);
  return {first, std::clamp(last, first, columns)};
}

class Scores {
 public:
  Scores(const HostLaunch& launch, const Attention& attention)
      : launch_(launch), attention_(attention) {
    const HostTensorView* const t = launch.tensors;
    query_ = HeadsOf(t[kQuery], attention.layout, attention.heads);
    key_ = HeadsOf(t[kKey], attention.layout, attention.kv_heads);
    value_ = HeadsOf(t[kValue], attention.layout, attention.kv_heads);
    out_ = HeadsOf(t[kOut], attention.layout, attention.heads);
  }

  int64_t blocks() const { return query_.dims[0] * query_.dims[1] * BlocksOfHead(); }
  int64_t room() const { return kBlockRows * (key_.dims[2] + value_.dims[3]) + 2 * key_.dims[2]; }
  int64_t cost() const { return kBlockRows * key_.dims[2] * query_.dims[3] / 8; }

  void RunBlock(int64_t block, float* room) const {
    const int64_t begin = block % BlocksOfHead() * kBlockRows;
    const int64_t head = block / BlocksOfHead() % query_.dims[1];
    const int64_t batch = block / BlocksOfHead() / query_.dims[1];
    const int64_t kv_head = head / (attention_.heads / attention_.kv_heads);
    const int64_t rows = std::min(kBlockRows, query_.dims[2] - begin);
    const int64_t columns = key_.dims[2];
    const int64_t width = value_.dims[3];
    float* const added = room + kBlockRows * columns;
    const HostTensorView* const t = launch_.tensors;
    const Matrix q = MatrixOf(t[kQuery], query_, batch, head, begin);
    const Matrix k = opapi::Transposed(MatrixOf(t[kKey], key_, batch, kv_head, 0));
    Multiply({rows, columns, query_.dims[3], q, k}, columns, room);
    for (int64_t row = 0; row < rows; ++row) {
      Normalise(batch, head, begin + row, room + row * columns, added);
    }
    const Matrix p{reinterpret_cast<const uint8_t*>(room), ACL_FLOAT,
                   columns * int64_t{sizeof(float)}, int64_t{sizeof(float)}};
    Multiply({rows, width, columns, p, MatrixOf(t[kValue], value_, batch, kv_head, 0)}, width,
             added);
    const Matrix out = MatrixOf(t[kOut], out_, batch, head, begin);
    for (int64_t row = 0; row < rows; ++row) {
      opapi::Store(added + row * width, width, out.dtype, out.column_stride,
                   const_cast<uint8_t*>(out.data) + row * out.row_stride);
    }
  }

 private:
  int64_t BlocksOfHead() const { return (query_.dims[2] + kBlockRows - 1) / kBlockRows; }

  // Sums of a product into `to`, rows of `width`.
  static void Multiply(const Product& product, int64_t width, float* to) {
    HostFailure failure;
    const aclError status =
        opapi::Multiply<float>(&product, 1, &failure, [&](const opapi::SumsOfRow<float>& sums) {
          std::copy_n(sums.values, sums.count, to + sums.row * width + sums.column);
        });
    if (status != ACL_SUCCESS) throw std::bad_alloc();
  }

  // Scores become weights; a row that may look at nothing gets zeros.
  void Normalise(int64_t batch, int64_t head, int64_t row, float* scores, float* room) const {
    const HostTensorView* const t = launch_.tensors;
    const int64_t columns = key_.dims[2];
    constexpr float kNever = -std::numeric_limits<float>::infinity();
    for (int64_t i = 0; i < columns; ++i) scores[i] *= attention_.scale;
    if (t[kPse].present) {
      const BroadcastRow pse = RowOf(t[kPse], batch, head, row);
      opapi::Load(pse.data, pse.dtype, pse.stride, columns, room);
      for (int64_t i = 0; i < columns; ++i) scores[i] += room[i];
    }
    // A causal mask is known by its mode; what is given then is only a piece of it.
    const bool masked = t[kMask].present;
    if (masked && attention_.sparse_mode <= kWholeMask) {
      const BroadcastRow mask = RowOf(t[kMask], batch, head, row);
      opapi::Load(mask.data, mask.dtype, mask.stride, columns, room);
      for (int64_t i = 0; i < columns; ++i) scores[i] = room[i] != 0 ? kNever : scores[i];
    }
    const Band band = BandOf(attention_, masked, row, query_.dims[2], columns);
    std::fill(scores, scores + band.first, kNever);
    std::fill(scores + band.last, scores + columns, kNever);
    float greatest = kNever;
    for (int64_t i = 0; i < columns; ++i) greatest = std::max(greatest, scores[i]);
    if (greatest == kNever) {
      std::fill_n(scores, columns, 0.0F);
      return StoreSoftmax(batch, head, row, greatest, 0);
    }
    for (int64_t i = 0; i < columns; ++i) scores[i] = std::exp(scores[i] - greatest);
    const auto sum =
        static_cast<float>(opapi::SumOf(columns, [&](int64_t i) { return scores[i]; }));
    for (int64_t i = 0; i < columns; ++i) scores[i] /= sum;
    StoreSoftmax(batch, head, row, greatest, sum);
  }

  void StoreSoftmax(int64_t batch, int64_t head, int64_t row, float greatest, float sum) const {
    const HostTensorView* const t = launch_.tensors;
    const int64_t index = (batch * query_.dims[1] + head) * query_.dims[2] + row;
    float copies[kCopies];
    for (const Place place : {kMax, kSum}) {
      if (!t[place].present) continue;
      std::fill_n(copies, kCopies, place == kMax ? greatest : sum);
      opapi::Vectors(t[place], 3).Store(copies, index);
    }
  }

  const HostLaunch& launch_;
  const Attention& attention_;
  Heads query_, key_, value_, out_;
};

Verdict CheckOperand(const FirstPhase& phase, size_t place, const Attention& attention,
                     int64_t heads) {
  const HostTensorView& view = phase.tensor(place);
  OP_PLAN_CHECK(opapi::CheckDims(phase, place, DimsOf(attention.layout)));
  OP_PLAN_CHECK(opapi::CheckPlainFormat(phase, place));
  const aclDataType dtype = phase.tensor(kQuery).dtype;
  if (!opapi::IsFloating(view.dtype) || view.dtype == ACL_DOUBLE) {
    return Refuse(op_plan::kParamInvalid, "%s is %s: want float16, bf16 or float32",
                  phase.name(place), opapi::DTypeName(view.dtype));
  }
  OP_PLAN_CHECK(opapi::CheckDType(phase, place, dtype));
  if (DimsOf(attention.layout) == 3 && view.dims[2] % heads != 0) {
    return Refuse(op_plan::kParamInvalid, "%s has shape %s, which %lld heads do not divide",
                  phase.name(place), ShapeText(ShapeOf(view)).c_str(),
                  static_cast<long long>(heads));
  }
  return {};
}

// The heads of key and value: given by their layout, or by the size of query's heads.
Verdict FindKvHeads(const FirstPhase& phase, Attention* attention) {
  const HostTensorView& query = phase.tensor(kQuery);
  const HostTensorView& key = phase.tensor(kKey);
  switch (attention->layout) {
    case Layout::kBnsd:
      attention->kv_heads = key.dims[1];
      break;
    case Layout::kBsnd:
      attention->kv_heads = key.dims[2];
      break;
    default: {
      const int64_t width = query.dims[2] / attention->heads;
      attention->kv_heads = width == 0 ? 0 : key.dims[2] / width;
    }
  }
  if (attention->kv_heads > 0 && attention->heads % attention->kv_heads == 0) return {};
  return Refuse(op_plan::kParamInvalid, "key has %lld heads, of which %lld are no multiple",
                static_cast<long long>(attention->kv_heads),
                static_cast<long long>(attention->heads));
}

// A tensor that broadcasts to the scores.
Verdict CheckBroadcast(const FirstPhase& phase, size_t place, const Shape& scores) {
  const HostTensorView& view = phase.tensor(place);
  if (!view.present) return {};
  Shape shape = ShapeOf(view);
  if (opapi::Broadcast(scores, &shape) && shape == scores) return {};
  return Refuse(op_plan::kParamInvalid, "%s has shape %s, which does not broadcast to %s",
                phase.name(place), ShapeText(ShapeOf(view)).c_str(), ShapeText(scores).c_str());
}

Verdict CheckShapes(const FirstPhase& phase, const Attention& attention) {
  const Heads q = HeadsOf(phase.tensor(kQuery), attention.layout, attention.heads);
  const Heads k = HeadsOf(phase.tensor(kKey), attention.layout, attention.kv_heads);
  const Heads v = HeadsOf(phase.tensor(kValue), attention.layout, attention.kv_heads);
  const Heads out = HeadsOf(phase.tensor(kOut), attention.layout, attention.heads);
  const bool fits = q.dims[1] == attention.heads && q.dims[0] == k.dims[0] &&
                    q.dims[3] == k.dims[3] && std::equal(k.dims, k.dims + 3, v.dims) &&
                    std::equal(q.dims, q.dims + 3, out.dims) && out.dims[3] == v.dims[3];
  if (!fits) {
    return Refuse(op_plan::kParamInvalid,
                  "query %s, key %s, value %s and attentionOut %s with headNum %lld do not fit",
                  ShapeText(ShapeOf(phase.tensor(kQuery))).c_str(),
                  ShapeText(ShapeOf(phase.tensor(kKey))).c_str(),
                  ShapeText(ShapeOf(phase.tensor(kValue))).c_str(),
                  ShapeText(ShapeOf(phase.tensor(kOut))).c_str(),
                  static_cast<long long>(attention.heads));
  }
  const Shape scores = ShapeFrom({q.dims[0], q.dims[1], q.dims[2], k.dims[2]});
  OP_PLAN_CHECK(CheckBroadcast(phase, kPse, scores));
  if (attention.sparse_mode <= kWholeMask) OP_PLAN_CHECK(CheckBroadcast(phase, kMask, scores));
  const Shape softmax = ShapeFrom({q.dims[0], q.dims[1], q.dims[2], kCopies});
  for (const size_t place : {size_t{kMax}, size_t{kSum}}) {
    OP_PLAN_CHECK(opapi::CheckDType(phase, place, ACL_FLOAT));
    OP_PLAN_CHECK(opapi::CheckShape(phase, place, softmax));
  }
  return {};
}

struct Tensors {
  const aclTensor* query;
  const aclTensor* key;
  const aclTensor* value;
  const aclTensor* pse;
  const aclTensor* mask;
  const aclTensor* max;
  const aclTensor* sum;
  const aclTensor* out;
};

Verdict Prepare(FirstPhase& phase, const Tensors& tensors, Attention attention) {
  OP_PLAN_CHECK(phase.Input("query", tensors.query));
  OP_PLAN_CHECK(phase.Input("key", tensors.key));
  OP_PLAN_CHECK(phase.Input("value", tensors.value));
  OP_PLAN_CHECK(phase.OptionalInput("realShift", tensors.pse));
  OP_PLAN_CHECK(phase.OptionalInput("attenMask", tensors.mask));
  OP_PLAN_CHECK(phase.OptionalOutput("softmaxMaxOut", tensors.max));
  OP_PLAN_CHECK(phase.OptionalOutput("softmaxSumOut", tensors.sum));
  OP_PLAN_CHECK(phase.Output("attentionOutOut", tensors.out));
  OP_PLAN_CHECK(opapi::CheckRange("headNum", attention.heads, 1, INT32_MAX));
  OP_PLAN_CHECK(
      opapi::CheckRange("sparseMode", attention.sparse_mode, kPlainMask, kRightDownCausal));
  OP_PLAN_CHECK(CheckOperand(phase, kQuery, attention, attention.heads));
  OP_PLAN_CHECK(opapi::CheckDims(phase, kKey, DimsOf(attention.layout)));
  OP_PLAN_CHECK(FindKvHeads(phase, &attention));
  OP_PLAN_CHECK(CheckOperand(phase, kKey, attention, attention.kv_heads));
  OP_PLAN_CHECK(CheckOperand(phase, kValue, attention, attention.kv_heads));
  OP_PLAN_CHECK(CheckOperand(phase, kOut, attention, attention.heads));
  const HostTensorView& mask = phase.tensor(kMask);
  if (mask.present && mask.dtype != ACL_BOOL && mask.dtype != ACL_UINT8) {
    return Refuse(op_plan::kParamInvalid, "attenMask is %s: want bool or uint8",
                  opapi::DTypeName(mask.dtype));
  }
  if (phase.tensor(kPse).present) {
    OP_PLAN_CHECK(opapi::CheckNumbers(phase, kPse, opapi::Numbers::kReal));
  }
  OP_PLAN_CHECK(CheckShapes(phase, attention));
  return phase.Bind([attention](const HostLaunch& launch, HostFailure* failure) {
    const Scores scores(launch, attention);
    return opapi::ForEachVector<float>(
        scores.blocks(), scores.cost(), scores.room(), failure,
        [&](int64_t block, float* room) { scores.RunBlock(block, room); });
  });
}

}  // namespace

aclnnStatus aclnnFlashAttentionScoreGetWorkspaceSize(
    const aclTensor* query, const aclTensor* key, const aclTensor* value,
    const aclTensor* realShiftOptional, const aclTensor* dropMaskOptional,
    const aclTensor* paddingMaskOptional, const aclTensor* attenMaskOptional,
    const aclIntArray* prefixOptional, double scaleValue, double keepProb, int64_t preTokens,
    int64_t nextTokens, int64_t headNum, char* inputLayout, int64_t innerPrecise,
    int64_t sparseMode, const aclTensor* softmaxMaxOut, const aclTensor* softmaxSumOut,
    const aclTensor* softmaxOutOut, const aclTensor* attentionOutOut, uint64_t* workspaceSize,
    aclOpExecutor** executor) {
  FirstPhase first("aclnnFlashAttentionScore", workspaceSize, executor);
  return first.Run([&](FirstPhase& phase) -> Verdict {
    OP_PLAN_CHECK(opapi::CheckAbsent("dropMask", dropMaskOptional));
    OP_PLAN_CHECK(opapi::CheckAbsent("paddingMask", paddingMaskOptional));
    OP_PLAN_CHECK(opapi::CheckAbsent("softmaxOutOut", softmaxOutOut));
    if (prefixOptional != nullptr) {
      std::vector<int64_t> prefix;
      OP_PLAN_CHECK(opapi::ReadIntArray("prefix", prefixOptional, &prefix));
      if (!prefix.empty()) {
        return Refuse(op_plan::kParamInvalid,
                      "prefix is given: the host device does not use it, leave it out");
      }
    }
    if (keepProb != 1) {
      return Refuse(op_plan::kParamInvalid,
                    "keepProb is %g: the host device does not drop out, want 1", keepProb);
    }
    // It chooses between speed and precision; this is precise.
    OP_PLAN_CHECK(opapi::CheckRange("innerPrecise", innerPrecise, 0, 4));
    if (inputLayout == nullptr) return Refuse(op_plan::kParamNullptr, "inputLayout is null");
    Attention attention{};
    if (!ReadLayout(inputLayout, &attention.layout)) {
      return Refuse(op_plan::kParamInvalid,
                    "inputLayout is \"%.32s\": the host device does BNSD, BSND, BSH and SBH",
                    inputLayout);
    }
    attention.heads = headNum;
    attention.sparse_mode = sparseMode;
    attention.pre_tokens = preTokens;
    attention.next_tokens = nextTokens;
    attention.scale = static_cast<float>(scaleValue);
    return Prepare(phase,
                   {query, key, value, realShiftOptional, attenMaskOptional, softmaxMaxOut,
                    softmaxSumOut, attentionOutOut},
                   attention);
  });
}
ACLNN_SECOND_PHASE(aclnnFlashAttentionScore)
