// SPDX-License-Identifier: Apache-2.0
// Tensors, scalars, arrays and lists.
#include <functional>
#include <memory>

#include "aclnn/aclnn_base.h"
#include "aclnn/opdev/op_errno.h"
#include "check.h"
#include "host_executor.h"
#include "stream_work.h"
#include "tensor_example.h"

namespace {

std::vector<int64_t> Taken(int64_t* values, uint64_t count) {
  const std::unique_ptr<int64_t[]> owned(values);
  return {values, values + count};
}

void ExpectRefused(const std::function<void(TensorArguments*)>& change, const char* text) {
  TensorArguments arguments;
  change(&arguments);
  EXPECT_TRUE(arguments.Create() == nullptr);
  EXPECT_TEXT_HAS(RecentText(), text);
}

}  // namespace

TEST(tensor_gives_back_what_it_was_made_of) {
  int data = 0;
  TensorArguments arguments;
  arguments.view_dims = {4, 2};
  arguments.strides = {1, 4};
  arguments.storage_dims = {3, 4};
  arguments.offset = 4;
  arguments.dtype = ACL_BF16;
  arguments.address = &data;
  aclTensor* const tensor = arguments.Create();
  REQUIRE(tensor != nullptr);
  int64_t* values = nullptr;
  uint64_t count = 0;
  EXPECT_EQ(aclGetViewShape(tensor, &values, &count), OK);
  EXPECT_TRUE(Taken(values, count) == arguments.view_dims);
  EXPECT_EQ(aclGetViewStrides(tensor, &values, &count), OK);
  EXPECT_TRUE(Taken(values, count) == arguments.strides);
  EXPECT_EQ(aclGetStorageShape(tensor, &values, &count), OK);
  EXPECT_TRUE(Taken(values, count) == arguments.storage_dims);
  int64_t offset = 0;
  EXPECT_EQ(aclGetViewOffset(tensor, &offset), OK);
  EXPECT_EQ(offset, 4);
  aclFormat format = ACL_FORMAT_NCHW;
  EXPECT_EQ(aclGetFormat(tensor, &format), OK);
  EXPECT_EQ(format, ACL_FORMAT_ND);
  aclDataType dtype = ACL_FLOAT;
  EXPECT_EQ(aclGetDataType(tensor, &dtype), OK);
  EXPECT_EQ(dtype, ACL_BF16);
  void* address = nullptr;
  EXPECT_EQ(aclGetRawTensorAddr(tensor, &address), OK);
  EXPECT_EQ(address, static_cast<void*>(&data));
  EXPECT_EQ(aclSetRawTensorAddr(tensor, &offset), OK);
  aclGetRawTensorAddr(tensor, &address);
  EXPECT_EQ(address, static_cast<void*>(&offset));
  EXPECT_EQ(aclDestroyTensor(tensor), OK);
}

TEST(tensor_without_strides_is_contiguous) {
  aclTensor* const tensor = ContiguousTensor(nullptr, {2, 3, 5});
  HostTensorView view;
  EXPECT_EQ(HostTensorRead(tensor, &view), OK);
  EXPECT_EQ(view.dim_count, 3u);
  EXPECT_EQ(view.strides[0], 15);
  EXPECT_EQ(view.strides[1], 5);
  EXPECT_EQ(view.strides[2], 1);
  EXPECT_TRUE(view.present);
}

TEST(tensor_of_no_dims_and_of_no_elements_is_allowed) {
  EXPECT_TRUE(ContiguousTensor(nullptr, {}) != nullptr);
  EXPECT_TRUE(ContiguousTensor(nullptr, {0, 7}) != nullptr);
  EXPECT_TRUE(ContiguousTensor(nullptr, {1, 1, 1, 1, 1, 1, 1, 2}) != nullptr);
}

TEST(tensor_refuses_wrong_dims) {
  ExpectRefused([](TensorArguments* a) { a->view_dims = {2, -1}; }, "viewDims[1] is -1");
  ExpectRefused([](TensorArguments* a) { a->storage_dims = {-2, 4}; }, "storageDims[0] is -2");
  ExpectRefused([](TensorArguments* a) { a->strides = {4, -1}; }, "stride[1] is -1");
  ExpectRefused([](TensorArguments* a) { a->offset = -1; }, "offset is -1");
  ExpectRefused(
      [](TensorArguments* a) {
        a->view_dims.assign(9, 1);
        a->strides.assign(9, 1);
      },
      "viewDimsNum is 9, want at most 8");
  ExpectRefused([](TensorArguments* a) { a->storage_dims.assign(9, 8); }, "storageDimsNum is 9");
  EXPECT_TRUE(aclCreateTensor(nullptr, 2, ACL_FLOAT, nullptr, 0, ACL_FORMAT_ND, nullptr, 0,
                              nullptr) == nullptr);
  EXPECT_TEXT_HAS(RecentText(), "viewDims is null");
}

TEST(tensor_refuses_to_reach_beyond_its_storage) {
  ExpectRefused([](TensorArguments* a) { a->offset = 1; },
                "reach element 8, but storageDims hold 8");
  ExpectRefused([](TensorArguments* a) { a->strides = {5, 1}; }, "reach element 8");
  ExpectRefused([](TensorArguments* a) { a->storage_dims = {7}; }, "storageDims hold 7");
  ExpectRefused([](TensorArguments* a) { a->strides = {INT64_MAX, 1}; }, "storageDims hold 8");
  ExpectRefused([](TensorArguments* a) { a->storage_dims = {INT64_MAX, 4}; }, "2^63");
  TensorArguments fits;
  fits.storage_dims = {8};
  EXPECT_TRUE(fits.Create() != nullptr);
}

TEST(tensor_refuses_an_unknown_type) {
  ExpectRefused([](TensorArguments* a) { a->dtype = ACL_DT_UNDEFINED; }, "dataType is -1");
  ExpectRefused([](TensorArguments* a) { a->dtype = static_cast<aclDataType>(500); },
                "dataType is 500");
}

TEST(tensor_can_be_made_anew_in_place) {
  aclTensor* const tensor = ContiguousTensor(nullptr, {2, 4});
  const std::vector<int64_t> dims{3};
  int data = 0;
  EXPECT_EQ(aclInitTensor(tensor, dims.data(), 1, ACL_INT8, nullptr, 0, ACL_FORMAT_ND, dims.data(),
                          1, &data),
            OK);
  HostTensorView view;
  HostTensorRead(tensor, &view);
  EXPECT_EQ(view.dim_count, 1u);
  EXPECT_EQ(view.dims[0], 3);
  EXPECT_EQ(view.dtype, ACL_INT8);
  EXPECT_EQ(view.storage, static_cast<void*>(&data));
  EXPECT_EQ(aclInitTensor(tensor, dims.data(), 1, ACL_INT8, nullptr, 1, ACL_FORMAT_ND, dims.data(),
                          1, &data),
            ACLNN_ERR_PARAM_INVALID);
  HostTensorRead(tensor, &view);
  EXPECT_EQ(view.offset, 0);
}

TEST(stale_and_null_tensors_are_refused) {
  aclTensor* const tensor = ContiguousTensor(nullptr, {2});
  EXPECT_EQ(aclDestroyTensor(tensor), OK);
  EXPECT_EQ(aclDestroyTensor(tensor), ACLNN_ERR_PARAM_INVALID);
  EXPECT_TEXT_HAS(RecentText(), "is not a live aclTensor");
  EXPECT_EQ(aclDestroyTensor(nullptr), OK);
  int64_t* values = nullptr;
  uint64_t count = 0;
  EXPECT_EQ(aclGetViewShape(tensor, &values, &count), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(aclGetViewShape(nullptr, &values, &count), ACLNN_ERR_PARAM_NULLPTR);
  aclTensor* const other = ContiguousTensor(nullptr, {2});
  EXPECT_EQ(aclGetViewShape(other, nullptr, &count), ACLNN_ERR_PARAM_NULLPTR);
  EXPECT_EQ(aclGetViewOffset(other, nullptr), ACLNN_ERR_PARAM_NULLPTR);
  EXPECT_EQ(aclSetRawTensorAddr(tensor, nullptr), ACLNN_ERR_PARAM_INVALID);
  HostTensorView view;
  EXPECT_EQ(HostTensorRead(tensor, &view), ACLNN_ERR_PARAM_INVALID);
  int on_stack = 0;
  EXPECT_EQ(HostTensorRead(reinterpret_cast<aclTensor*>(&on_stack), &view),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(HostTensorRead(nullptr, &view), OK);
  EXPECT_FALSE(view.present);
}

TEST(arrays_know_their_size) {
  const int64_t ints[] = {1, 2, 3};
  const float floats[] = {1, 2};
  const bool bools[] = {true};
  uint64_t size = 0;
  aclIntArray* const int_array = aclCreateIntArray(ints, 3);
  EXPECT_EQ(aclGetIntArraySize(int_array, &size), OK);
  EXPECT_EQ(size, 3u);
  aclFloatArray* const float_array = aclCreateFloatArray(floats, 2);
  EXPECT_EQ(aclGetFloatArraySize(float_array, &size), OK);
  EXPECT_EQ(size, 2u);
  aclBoolArray* const bool_array = aclCreateBoolArray(bools, 1);
  EXPECT_EQ(aclGetBoolArraySize(bool_array, &size), OK);
  EXPECT_EQ(size, 1u);
  EXPECT_EQ(aclGetIntArraySize(nullptr, &size), ACLNN_ERR_PARAM_NULLPTR);
  EXPECT_EQ(aclGetIntArraySize(int_array, nullptr), ACLNN_ERR_PARAM_NULLPTR);
  EXPECT_EQ(aclDestroyIntArray(int_array), OK);
  EXPECT_EQ(aclDestroyIntArray(int_array), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(aclDestroyFloatArray(reinterpret_cast<aclFloatArray*>(bool_array)),
            ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(aclDestroyFloatArray(float_array), OK);
  EXPECT_EQ(aclDestroyBoolArray(bool_array), OK);
  EXPECT_TRUE(aclCreateIntArray(nullptr, 1) == nullptr);
  EXPECT_TRUE(aclCreateIntArray(nullptr, 0) != nullptr);
}

TEST(lists_own_what_is_in_them) {
  const aclTensor* const tensors[] = {ContiguousTensor(nullptr, {1}), nullptr,
                                      ContiguousTensor(nullptr, {2})};
  aclTensorList* const list = aclCreateTensorList(tensors, 3);
  uint64_t size = 0;
  EXPECT_EQ(aclGetTensorListSize(list, &size), OK);
  EXPECT_EQ(size, 3u);
  EXPECT_EQ(aclDestroyTensorList(list), OK);
  EXPECT_EQ(aclDestroyTensor(tensors[0]), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(aclDestroyTensorList(list), ACLNN_ERR_PARAM_INVALID);
  EXPECT_TRUE(aclCreateTensorList(tensors, 1) == nullptr);
  EXPECT_TEXT_HAS(RecentText(), "value[0] is");

  float value = 1;
  const aclScalar* const scalars[] = {aclCreateScalar(&value, ACL_FLOAT)};
  aclScalarList* const scalar_list = aclCreateScalarList(scalars, 1);
  EXPECT_EQ(aclGetScalarListSize(scalar_list, &size), OK);
  EXPECT_EQ(size, 1u);
  EXPECT_EQ(aclDestroyScalarList(scalar_list), OK);
  EXPECT_EQ(aclDestroyScalar(scalars[0]), ACLNN_ERR_PARAM_INVALID);
}

TEST(scalars_need_a_value_and_a_type_with_a_size) {
  double value = 1;
  aclScalar* const scalar = aclCreateScalar(&value, ACL_DOUBLE);
  EXPECT_TRUE(scalar != nullptr);
  EXPECT_EQ(aclDestroyScalar(scalar), OK);
  EXPECT_TRUE(aclCreateScalar(nullptr, ACL_FLOAT) == nullptr);
  EXPECT_TRUE(aclCreateScalar(&value, ACL_STRING) == nullptr);
  EXPECT_TEXT_HAS(RecentText(), "dataType is 13");
}

TEST(aclnn_init_may_stand_beside_acl_init) {
  EXPECT_EQ(aclInit(nullptr), ACL_SUCCESS);
  EXPECT_EQ(aclnnInit(nullptr), OK);
  EXPECT_EQ(aclnnInit("/no/such/file.json"), ACLNN_ERR_PARAM_INVALID);
  EXPECT_EQ(aclnnFinalize(), OK);
}
