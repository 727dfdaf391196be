// SPDX-License-Identifier: Apache-2.0
// Descriptions of tensors, as the aclop interface takes them.
#include <vector>

#include "check.h"
#include "recent_text.h"

namespace {

aclTensorDesc* Describe(const std::vector<int64_t>& dims, aclDataType type = ACL_FLOAT16) {
  aclTensorDesc* desc =
      aclCreateTensorDesc(type, static_cast<int>(dims.size()), dims.data(), ACL_FORMAT_ND);
  EXPECT_TRUE(desc != nullptr);
  return desc;
}

}  // namespace

TEST(a_tensor_description_gives_back_what_it_was_made_of) {
  aclTensorDesc* desc = Describe({2, 3, 4});
  EXPECT_EQ(aclGetTensorDescType(desc), ACL_FLOAT16);
  EXPECT_EQ(aclGetTensorDescFormat(desc), ACL_FORMAT_ND);
  EXPECT_EQ(aclGetTensorDescNumDims(desc), 3u);
  EXPECT_EQ(aclGetTensorDescDim(desc, 1), 3);
  int64_t dim = 0;
  EXPECT_EQ(aclGetTensorDescDimV2(desc, 2, &dim), ACL_SUCCESS);
  EXPECT_EQ(dim, 4);
  EXPECT_EQ(aclGetTensorDescElementCount(desc), 24u);
  EXPECT_EQ(aclGetTensorDescSize(desc), 48u);
  aclDestroyTensorDesc(desc);
}

TEST(a_scalar_has_no_dimensions_and_one_element) {
  aclTensorDesc* desc = aclCreateTensorDesc(ACL_INT64, 0, nullptr, ACL_FORMAT_ND);
  EXPECT_EQ(aclGetTensorDescNumDims(desc), 0u);
  EXPECT_EQ(aclGetTensorDescElementCount(desc), 1u);
  EXPECT_EQ(aclGetTensorDescSize(desc), 8u);
  aclDestroyTensorDesc(desc);
}

TEST(unknown_dimensions_and_rank_are_said_so) {
  aclTensorDesc* desc = Describe({2, -1});
  EXPECT_EQ(aclGetTensorDescDim(desc, 1), -1);
  EXPECT_EQ(aclGetTensorDescElementCount(desc), 0u);
  aclDestroyTensorDesc(desc);
  desc = Describe({-2});
  EXPECT_EQ(aclGetTensorDescNumDims(desc), ACL_UNKNOWN_RANK);
  aclDestroyTensorDesc(desc);
}

TEST(wrong_dimensions_make_no_tensor_description) {
  const int64_t dims[] = {2, -2};
  EXPECT_TRUE(aclCreateTensorDesc(ACL_FLOAT, 2, dims, ACL_FORMAT_ND) == nullptr);
  EXPECT_TEXT_HAS(RecentText(), "aclCreateTensorDesc: dims[1] is -2");
  EXPECT_TRUE(aclCreateTensorDesc(ACL_FLOAT, -1, dims, ACL_FORMAT_ND) == nullptr);
  EXPECT_TRUE(aclCreateTensorDesc(ACL_FLOAT, 2, nullptr, ACL_FORMAT_ND) == nullptr);
  EXPECT_TEXT_HAS(RecentText(), "dims is null");
}

TEST(a_dimension_beyond_the_last_is_refused) {
  aclTensorDesc* desc = Describe({2, 3});
  int64_t dim = 7;
  EXPECT_EQ(aclGetTensorDescDimV2(desc, 2, &dim), ACL_ERROR_INVALID_PARAM);
  EXPECT_TEXT_HAS(RecentText(), "index is 2, but the description has 2 dimensions");
  EXPECT_EQ(dim, 7);
  EXPECT_EQ(aclGetTensorDescDimV2(desc, 0, nullptr), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclGetTensorDescDim(desc, 5), -1);
  aclDestroyTensorDesc(desc);
}

TEST(sizes_that_overflow_are_refused) {
  aclTensorDesc* desc = Describe({INT64_MAX, 4});
  EXPECT_EQ(aclGetTensorDescElementCount(desc), 0u);
  EXPECT_TEXT_HAS(RecentText(), "more elements than fit");
  aclDestroyTensorDesc(desc);
  desc = Describe({INT64_MAX}, ACL_INT64);
  EXPECT_EQ(aclGetTensorDescSize(desc), 0u);
  EXPECT_TEXT_HAS(RecentText(), "more bytes than fit");
  aclDestroyTensorDesc(desc);
}

TEST(a_tensor_description_keeps_its_name) {
  aclTensorDesc* desc = Describe({2});
  EXPECT_EQ(std::string(aclGetTensorDescName(desc)), "");
  aclSetTensorDescName(desc, "x");
  EXPECT_EQ(std::string(aclGetTensorDescName(desc)), "x");
  aclSetTensorDescName(desc, nullptr);
  EXPECT_EQ(std::string(aclGetTensorDescName(desc)), "");
  aclDestroyTensorDesc(desc);
}

TEST(storage_format_shape_and_placement_are_taken) {
  aclTensorDesc* desc = Describe({2, 3});
  const int64_t dims[] = {6};
  EXPECT_EQ(aclSetTensorFormat(desc, ACL_FORMAT_ND), ACL_SUCCESS);
  EXPECT_EQ(aclSetTensorShape(desc, 1, dims), ACL_SUCCESS);
  EXPECT_EQ(aclSetTensorPlaceMent(desc, ACL_MEMTYPE_HOST), ACL_SUCCESS);
  // The tensor's own shape stays.
  EXPECT_EQ(aclGetTensorDescNumDims(desc), 2u);
  EXPECT_EQ(aclSetTensorShape(desc, 1, nullptr), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclSetTensorPlaceMent(desc, static_cast<aclMemType>(3)), ACL_ERROR_INVALID_PARAM);
  EXPECT_TEXT_HAS(RecentText(), "memType is 3");
  aclDestroyTensorDesc(desc);
}

TEST(a_destroyed_tensor_description_is_refused) {
  aclTensorDesc* desc = Describe({2});
  aclDestroyTensorDesc(desc);
  EXPECT_EQ(aclGetTensorDescType(desc), ACL_DT_UNDEFINED);
  EXPECT_TEXT_HAS(RecentText(), "aclGetTensorDescType: desc");
  EXPECT_EQ(aclGetTensorDescFormat(desc), ACL_FORMAT_UNDEFINED);
  EXPECT_EQ(aclGetTensorDescNumDims(desc), 0u);
  EXPECT_EQ(aclSetTensorFormat(desc, ACL_FORMAT_ND), ACL_ERROR_INVALID_PARAM);
  RecentText();
  aclDestroyTensorDesc(desc);
  EXPECT_TEXT_HAS(RecentText(), "is not a live tensor description");
  aclDestroyTensorDesc(nullptr);
  EXPECT_EQ(RecentText(), "");
}
