// SPDX-License-Identifier: Apache-2.0
// Attributes of an aclop operator. No compiler reads them here; they are kept as text, for
// messages first of all.
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "acl/acl_op.h"
#include "call.h"
#include "handle_table.h"
#include "host_operator.h"

namespace host {
namespace {

struct OpAttributes {
  std::mutex mutex;
  std::map<std::string, std::string> by_name;
};

HandleTable<OpAttributes>& AllAttributes() {
  // Never destroyed: workers may outlive static objects.
  static auto& attributes = *new HandleTable<OpAttributes>(kOpAttributesKind);
  return attributes;
}

std::string Text(bool value) { return value ? "true" : "false"; }
std::string Text(uint8_t value) { return Text(value != 0); }
std::string Text(int64_t value) { return std::to_string(value); }
std::string Text(float value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.9g", static_cast<double>(value));
  return text;
}

template <typename T>
std::string ListText(const T* values, int count) {
  std::string text = "[";
  for (int i = 0; i < count; ++i) text += (i == 0 ? "" : ", ") + Text(values[i]);
  return text + "]";
}

aclError CheckList(const char* parameter, int count, const void* values) {
  if (count < 0) {
    return Fail(ACL_ERROR_INVALID_PARAM, "%s is %d, want at least 0", parameter, count);
  }
  if (count > 0 && values == nullptr) {
    return Fail(ACL_ERROR_INVALID_PARAM, "values is null, but %s is %d", parameter, count);
  }
  return ACL_SUCCESS;
}

template <typename MakeText>
aclError Set(const char* function, aclopAttr* handle, const char* name, MakeText&& make_text) {
  return Call(function, [&] {
    const std::shared_ptr<OpAttributes> attributes = AllAttributes().Find(handle);
    if (attributes == nullptr) {
      return Fail(ACL_ERROR_INVALID_PARAM, "attr %p is not a live set of attributes",
                  static_cast<void*>(handle));
    }
    if (name == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "attrName is null");
    std::string text;
    const aclError status = make_text(&text);
    if (status != ACL_SUCCESS) return status;
    const std::lock_guard<std::mutex> lock(attributes->mutex);
    attributes->by_name[name] = std::move(text);
    return ACL_SUCCESS;
  });
}

template <typename T>
aclError SetList(const char* function, aclopAttr* handle, const char* name, int count,
                 const T* values) {
  return Set(function, handle, name, [&](std::string* text) {
    const aclError status = CheckList("numValues", count, values);
    if (status == ACL_SUCCESS) *text = ListText(values, count);
    return status;
  });
}

}  // namespace
}  // namespace host

using host::AllAttributes;
using host::Call;
using host::Fail;
using host::Set;
using host::SetList;

extern "C" {

aclopAttr* aclopCreateAttr() {
  void* handle = nullptr;
  Call(__func__, [&] {
    handle = AllAttributes().Add(std::make_shared<host::OpAttributes>());
    return ACL_SUCCESS;
  });
  return static_cast<aclopAttr*>(handle);
}

void aclopDestroyAttr(const aclopAttr* attr) {
  Call(__func__, [&] {
    if (attr == nullptr || AllAttributes().Remove(attr) != nullptr) return ACL_SUCCESS;
    return Fail(ACL_ERROR_INVALID_PARAM, "attr %p is not a live set of attributes",
                static_cast<const void*>(attr));
  });
}

aclError aclopSetAttrBool(aclopAttr* attr, const char* attrName, uint8_t attrValue) {
  return Set(__func__, attr, attrName, [&](std::string* text) {
    *text = host::Text(attrValue);
    return ACL_SUCCESS;
  });
}

aclError aclopSetAttrInt(aclopAttr* attr, const char* attrName, int64_t attrValue) {
  return Set(__func__, attr, attrName, [&](std::string* text) {
    *text = host::Text(attrValue);
    return ACL_SUCCESS;
  });
}

aclError aclopSetAttrFloat(aclopAttr* attr, const char* attrName, float attrValue) {
  return Set(__func__, attr, attrName, [&](std::string* text) {
    *text = host::Text(attrValue);
    return ACL_SUCCESS;
  });
}

aclError aclopSetAttrString(aclopAttr* attr, const char* attrName, const char* attrValue) {
  return Set(__func__, attr, attrName, [&](std::string* text) {
    if (attrValue == nullptr) return Fail(ACL_ERROR_INVALID_PARAM, "attrValue is null");
    *text = std::string("'") + attrValue + "'";
    return ACL_SUCCESS;
  });
}

aclError aclopSetAttrDataType(aclopAttr* attr, const char* attrName, aclDataType attrValue) {
  return Set(__func__, attr, attrName, [&](std::string* text) {
    *text = "aclDataType " + std::to_string(static_cast<int>(attrValue));
    return ACL_SUCCESS;
  });
}

aclError aclopSetAttrListBool(aclopAttr* attr, const char* attrName, int numValues,
                              const uint8_t* values) {
  return SetList(__func__, attr, attrName, numValues, values);
}

aclError aclopSetAttrListInt(aclopAttr* attr, const char* attrName, int numValues,
                             const int64_t* values) {
  return SetList(__func__, attr, attrName, numValues, values);
}

aclError aclopSetAttrListFloat(aclopAttr* attr, const char* attrName, int numValues,
                               const float* values) {
  return SetList(__func__, attr, attrName, numValues, values);
}

aclError aclopSetAttrListListInt(aclopAttr* attr, const char* attrName, int numLists,
                                 const int* numValues, const int64_t* const values[]) {
  return Set(__func__, attr, attrName, [&](std::string* text) {
    aclError status = host::CheckList("numLists", numLists, values);
    if (status != ACL_SUCCESS) return status;
    if (numLists > 0 && numValues == nullptr) {
      return Fail(ACL_ERROR_INVALID_PARAM, "numValues is null, but numLists is %d", numLists);
    }
    *text = "[";
    for (int i = 0; i < numLists; ++i) {
      status = host::CheckList("numValues", numValues[i], values[i]);
      if (status != ACL_SUCCESS) return status;
      *text += (i == 0 ? "" : ", ") + host::ListText(values[i], numValues[i]);
    }
    *text += "]";
    return ACL_SUCCESS;
  });
}

void HostDescribeOpAttributes(const aclopAttr* attr, char* text, size_t bytes) {
  Call(__func__, [&] {
    std::string all;
    const std::shared_ptr<host::OpAttributes> attributes = AllAttributes().Find(attr);
    if (attributes != nullptr) {
      const std::lock_guard<std::mutex> lock(attributes->mutex);
      for (const auto& [name, value] : attributes->by_name) {
        all += (all.empty() ? "" : ", ") + name + "=" + value;
      }
    }
    std::snprintf(text, bytes, "%s", all.c_str());
    return ACL_SUCCESS;
  });
}

void HostOpAttributeText(const aclopAttr* attr, const char* name, char* text, size_t bytes) {
  Call(__func__, [&] {
    *text = '\0';
    const std::shared_ptr<host::OpAttributes> attributes = AllAttributes().Find(attr);
    if (attributes == nullptr) return ACL_SUCCESS;
    const std::lock_guard<std::mutex> lock(attributes->mutex);
    const auto found = attributes->by_name.find(name);
    if (found != attributes->by_name.end()) std::snprintf(text, bytes, "%s", found->second.c_str());
    return ACL_SUCCESS;
  });
}

}  // extern "C"
