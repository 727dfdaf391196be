// SPDX-License-Identifier: Apache-2.0
// Attributes of aclop operators, as the message of a refused operator shows them.
#include "check.h"
#include "host_operator.h"
#include "recent_text.h"

namespace {

std::string Shown(const aclopAttr* attr, size_t bytes = 512) {
  std::string text(bytes, '#');
  HostDescribeOpAttributes(attr, text.data(), text.size());
  return text.c_str();
}

}  // namespace

TEST(attributes_of_every_type_are_kept) {
  aclopAttr* attr = aclopCreateAttr();
  REQUIRE(attr != nullptr);
  EXPECT_EQ(Shown(attr), "");
  const uint8_t flags[] = {1, 0};
  const int64_t axes[] = {0, -1};
  const float factors[] = {0.5F, 2.0F};
  const int counts[] = {2, 0};
  const int64_t* lists[] = {axes, nullptr};
  EXPECT_EQ(aclopSetAttrBool(attr, "a", 1), ACL_SUCCESS);
  EXPECT_EQ(aclopSetAttrInt(attr, "b", INT64_MIN), ACL_SUCCESS);
  EXPECT_EQ(aclopSetAttrFloat(attr, "c", 0.25F), ACL_SUCCESS);
  EXPECT_EQ(aclopSetAttrString(attr, "d", "x y"), ACL_SUCCESS);
  EXPECT_EQ(aclopSetAttrDataType(attr, "e", ACL_BF16), ACL_SUCCESS);
  EXPECT_EQ(aclopSetAttrListBool(attr, "f", 2, flags), ACL_SUCCESS);
  EXPECT_EQ(aclopSetAttrListInt(attr, "g", 2, axes), ACL_SUCCESS);
  EXPECT_EQ(aclopSetAttrListFloat(attr, "h", 2, factors), ACL_SUCCESS);
  EXPECT_EQ(aclopSetAttrListListInt(attr, "i", 2, counts, lists), ACL_SUCCESS);
  EXPECT_EQ(Shown(attr),
            "a=true, b=-9223372036854775808, c=0.25, d='x y', e=aclDataType 27, f=[true, false], "
            "g=[0, -1], h=[0.5, 2], i=[[0, -1], []]");
  EXPECT_EQ(Shown(attr, 7), "a=true");
  aclopDestroyAttr(attr);
}

TEST(an_attribute_set_again_has_the_new_value) {
  aclopAttr* attr = aclopCreateAttr();
  EXPECT_EQ(aclopSetAttrInt(attr, "axis", 1), ACL_SUCCESS);
  EXPECT_EQ(aclopSetAttrListInt(attr, "axis", 0, nullptr), ACL_SUCCESS);
  EXPECT_EQ(Shown(attr), "axis=[]");
  aclopDestroyAttr(attr);
}

TEST(wrong_attributes_are_refused_and_change_nothing) {
  aclopAttr* attr = aclopCreateAttr();
  const int counts[] = {1};
  const int64_t* lists[] = {nullptr};
  EXPECT_EQ(aclopSetAttrInt(attr, nullptr, 1), ACL_ERROR_INVALID_PARAM);
  EXPECT_TEXT_HAS(RecentText(), "aclopSetAttrInt: attrName is null");
  EXPECT_EQ(aclopSetAttrString(attr, "a", nullptr), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclopSetAttrListInt(attr, "a", 1, nullptr), ACL_ERROR_INVALID_PARAM);
  EXPECT_TEXT_HAS(RecentText(), "values is null, but numValues is 1");
  EXPECT_EQ(aclopSetAttrListFloat(attr, "a", -1, nullptr), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclopSetAttrListListInt(attr, "a", 1, counts, nullptr), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclopSetAttrListListInt(attr, "a", 1, nullptr, lists), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(aclopSetAttrListListInt(attr, "a", 1, counts, lists), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(Shown(attr), "");
  aclopDestroyAttr(attr);
}

TEST(destroyed_attributes_are_refused) {
  aclopAttr* attr = aclopCreateAttr();
  aclopDestroyAttr(attr);
  EXPECT_EQ(aclopSetAttrBool(attr, "a", 1), ACL_ERROR_INVALID_PARAM);
  EXPECT_TEXT_HAS(RecentText(), "is not a live set of attributes");
  EXPECT_EQ(Shown(attr), "");
  aclopDestroyAttr(attr);
  EXPECT_TEXT_HAS(RecentText(), "aclopDestroyAttr: attr");
  aclopDestroyAttr(nullptr);
  EXPECT_EQ(RecentText(), "");
}
