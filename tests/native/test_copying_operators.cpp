// SPDX-License-Identifier: Apache-2.0
// aclop operators that only copy: values, and operands that do not fit.
#include <dlfcn.h>

#include <deque>
#include <numeric>
#include <vector>

#include "acl/acl.h"
#include "acl/acl_op_compiler.h"
#include "check.h"
#include "recent_text.h"

namespace {

using Integers = std::vector<int64_t>;
using Floats = std::vector<float>;

// What one call takes; the first device operand counts 0, 1, 2 ...
class Call {
 public:
  Call() { EXPECT_EQ(aclrtSetDevice(0), ACL_SUCCESS); }
  ~Call() {
    for (aclDataBuffer* buffer : buffers_) aclDestroyDataBuffer(buffer);
    for (aclTensorDesc* description : descriptions_) aclDestroyTensorDesc(description);
    for (void* block : blocks_) aclrtFree(block);
    aclopDestroyAttr(attributes);
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  Call& Device(const Integers& dims, size_t elements) {
    Floats values(elements);
    std::iota(values.begin(), values.end(), 0.0F);
    const size_t bytes = elements * sizeof(float);
    void* block = nullptr;
    EXPECT_EQ(aclrtMalloc(&block, bytes, ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
    EXPECT_EQ(aclrtMemcpy(block, bytes, values.data(), bytes, ACL_MEMCPY_HOST_TO_DEVICE),
              ACL_SUCCESS);
    blocks_.push_back(block);
    Add(ACL_FLOAT, dims, block, bytes);
    return *this;
  }
  Call& Host(const Integers& values, aclMemType placement = ACL_MEMTYPE_HOST) {
    numbers_.push_back(values);
    Integers& kept = numbers_.back();
    Add(ACL_INT64, {static_cast<int64_t>(kept.size())}, kept.data(), kept.size() * sizeof(int64_t));
    EXPECT_EQ(aclSetTensorPlaceMent(descriptions_.back(), placement), ACL_SUCCESS);
    return *this;
  }

  // The operand added last is the output.
  aclError Run(const char* type) {
    const size_t inputs = buffers_.size() - 1;
    void* const compiler = dlopen("libacl_op_compiler.so", RTLD_LAZY);
    auto* execute = reinterpret_cast<decltype(&aclopCompileAndExecute)>(
        dlsym(compiler, "aclopCompileAndExecute"));
    aclrtStream stream = nullptr;
    EXPECT_EQ(aclrtCreateStream(&stream), ACL_SUCCESS);
    const aclError status =
        execute(type, static_cast<int>(inputs), descriptions_.data(), buffers_.data(), 1,
                descriptions_.data() + inputs, buffers_.data() + inputs, attributes, ACL_ENGINE_SYS,
                ACL_COMPILE_SYS, nullptr, stream);
    EXPECT_EQ(aclrtSynchronizeStream(stream), ACL_SUCCESS);
    EXPECT_EQ(aclrtDestroyStream(stream), ACL_SUCCESS);
    return status;
  }
  Floats Output(size_t count) const { return Values(blocks_.size() - 1, count); }
  // Of the device operands, in the order in which they were added.
  Floats Values(size_t operand, size_t count) const {
    Floats values(count);
    const size_t bytes = count * sizeof(float);
    EXPECT_EQ(aclrtMemcpy(values.data(), bytes, blocks_[operand], bytes, ACL_MEMCPY_DEVICE_TO_HOST),
              ACL_SUCCESS);
    return values;
  }

  aclopAttr* attributes = aclopCreateAttr();

 private:
  void Add(aclDataType type, const Integers& dims, void* data, size_t bytes) {
    descriptions_.push_back(
        aclCreateTensorDesc(type, static_cast<int>(dims.size()), dims.data(), ACL_FORMAT_ND));
    buffers_.push_back(aclCreateDataBuffer(data, bytes));
  }

  std::vector<aclTensorDesc*> descriptions_;
  std::vector<aclDataBuffer*> buffers_;
  std::vector<void*> blocks_;
  std::deque<Integers> numbers_;
};

}  // namespace

TEST(transpose_copies_the_dimensions_in_the_order_of_perm) {
  Call call;
  call.Device({2, 3}, 6).Host({1, 0}).Device({3, 2}, 6);
  EXPECT_EQ(call.Run("Transpose"), ACL_SUCCESS);
  EXPECT_TRUE(call.Output(6) == (Floats{0, 3, 1, 4, 2, 5}));
}

TEST(slice_copies_a_part) {
  Call call;
  call.Device({3, 4}, 12).Host({1, 1}).Host({2, 2}).Device({2, 2}, 4);
  EXPECT_EQ(call.Run("Slice"), ACL_SUCCESS);
  EXPECT_TRUE(call.Output(4) == (Floats{5, 6, 9, 10}));
}

TEST(strided_slice_copies_every_second_element) {
  Call call;
  aclopSetAttrInt(call.attributes, "begin_mask", 0);
  aclopSetAttrInt(call.attributes, "shrink_axis_mask", 1);
  call.Device({2, 5}, 10).Host({1, 0}).Host({2, 5}).Host({1, 2}).Device({3}, 3);
  EXPECT_EQ(call.Run("StridedSlice"), ACL_SUCCESS);
  EXPECT_TRUE(call.Output(3) == (Floats{5, 7, 9}));
}

TEST(strided_slice_with_a_mask_is_refused) {
  Call call;
  aclopSetAttrInt(call.attributes, "end_mask", 1);
  call.Device({4}, 4).Host({0}).Host({2}).Host({1}).Device({2}, 2);
  EXPECT_EQ(call.Run("StridedSlice"), ACL_ERROR_INVALID_PARAM);
  EXPECT_TEXT_HAS(RecentText(), "operator 'StridedSlice': end_mask must be 0");
}

TEST(as_strided_copies_any_view) {
  Call call;
  call.Device({8}, 8).Host({3, 2}).Host({1, 2}).Host({2}).Device({3, 2}, 6);
  EXPECT_EQ(call.Run("AsStrided"), ACL_SUCCESS);
  EXPECT_TRUE(call.Output(6) == (Floats{2, 4, 3, 5, 4, 6}));
}

TEST(broadcast_to_repeats_the_dimensions_of_size_1) {
  Call call;
  call.Device({2, 1}, 2).Host({2, 2, 3}).Device({2, 2, 3}, 12);
  EXPECT_EQ(call.Run("BroadcastTo"), ACL_SUCCESS);
  EXPECT_TRUE(call.Output(12) == (Floats{0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1}));
}

TEST(a_view_outside_its_buffer_is_refused_and_nothing_is_written) {
  struct View {
    Integers size, stride, offset;
  };
  constexpr int64_t kHuge = INT64_MAX / 2;
  for (const View& view : {View{{2, 2}, {4, 4}, {0}}, View{{2, 2}, {1, 1}, {7}},
                           View{{2, 2}, {1, 1}, {-1}}, View{{2, 2}, {-1, 1}, {4}},
                           View{{2, 2}, {kHuge, kHuge}, {4}}, View{{2, 2}, {1, 1}, {kHuge}}}) {
    Call call;
    call.Device({8}, 8).Host(view.size).Host(view.stride).Host(view.offset).Device({2, 2}, 4);
    EXPECT_EQ(call.Run("AsStrided"), ACL_ERROR_INVALID_PARAM);
    EXPECT_TEXT_HAS(RecentText(), "do not lie inside its buffer of 32 bytes");
    EXPECT_TRUE(call.Output(4) == (Floats{0, 1, 2, 3}));
  }
}

TEST(operands_that_contradict_one_another_are_refused) {
  struct Case {
    const char* type;
    std::vector<Integers> numbers;
    const char* text;
  };
  for (const Case& wrong :
       {Case{"Transpose", {{0, 0}}, "perm must name every dimension"},
        Case{"Transpose", {{0}}, "perm must name every dimension"},
        Case{"Transpose", {{0, 2}}, "perm must name every dimension"},
        Case{"Slice", {{0, 0}, {2, 3}}, "the part does not lie inside the input"},
        Case{"Slice", {{-1, 0}, {2, 2}}, "the part does not lie inside the input"},
        Case{"Slice", {{0}, {2}}, "one number per dimension"},
        Case{"Slice", {{0, 0}, {2, 1}}, "as many elements"},
        Case{"StridedSlice", {{0, 0}, {2, 2}, {1, 0}}, "strides above 0"},
        Case{"StridedSlice", {{2, 0}, {0, 2}, {1, 1}}, "0 <= begin <= end"},
        Case{"AsStrided", {{2, 2}, {1}, {0}}, "as many strides"},
        Case{"AsStrided", {{-2, -2}, {1, 1}, {0}}, "want a size"},
        Case{"BroadcastTo", {{4}}, "fewer dimensions"}, Case{"BroadcastTo", {{2, 3}}, "or 1"}}) {
    Call call;
    call.Device({2, 2}, 4);
    for (const Integers& numbers : wrong.numbers) call.Host(numbers);
    call.Device({2, 2}, 4);
    EXPECT_EQ(call.Run(wrong.type), ACL_ERROR_INVALID_PARAM);
    EXPECT_TEXT_HAS(RecentText(), wrong.text);
  }
}

TEST(numbers_in_device_memory_are_not_read) {
  Call call;
  call.Device({2, 2}, 4).Host({1, 0}, ACL_MEMTYPE_DEVICE).Device({2, 2}, 4);
  EXPECT_EQ(call.Run("Transpose"), ACL_ERROR_INVALID_PARAM);
  EXPECT_TEXT_HAS(RecentText(), "the perm must be int32 or int64 numbers in host memory");
}

TEST(view_copy_writes_one_view_from_another) {
  Call call;
  call.Device({6}, 6).Host({2, 2}).Host({3, 1}).Host({1});
  call.Device({4}, 4).Host({2, 2}).Host({1, 2}).Host({0});
  // The output is the first operand's memory on CANN; this one only takes its place in the call.
  call.Device({1}, 1);
  EXPECT_EQ(call.Run("ViewCopy"), ACL_SUCCESS);
  EXPECT_TRUE(call.Values(0, 6) == (Floats{0, 0, 2, 3, 1, 3}));
}

TEST(a_copying_operator_with_other_operands_is_not_there) {
  Call call;
  call.Device({2, 2}, 4).Device({2, 2}, 4);
  EXPECT_EQ(call.Run("Transpose"), ACL_ERROR_OP_NOT_FOUND);
  EXPECT_TEXT_HAS(RecentText(), "operator 'Transpose' (1 inputs, 1 outputs");
}

TEST(cast_to_a_tensor_of_another_size_is_refused) {
  Call call;
  call.Device({2, 2}, 4).Device({3}, 3);
  EXPECT_EQ(call.Run("Cast"), ACL_ERROR_INVALID_PARAM);
  EXPECT_TEXT_HAS(RecentText(), "operator 'Cast': input and output must have as many elements");
}
