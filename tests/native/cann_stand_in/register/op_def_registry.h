// SPDX-License-Identifier: Apache-2.0
// As much of CANN's registration and contexts as op_host uses, in our words: tests fill a context
// and read what op_host left in it. What CANN's own headers say of op_host is
// build_scripts/check_cann.sh's to find.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace fe {
class PlatFormInfos;
}

namespace ge {

using graphStatus = uint32_t;
constexpr graphStatus GRAPH_SUCCESS = 0;
constexpr graphStatus GRAPH_FAILED = 0xFFFFFFFF;
enum DataType {
  DT_FLOAT = 0,
  DT_FLOAT16 = 1,
  DT_INT8 = 2,
  DT_INT32 = 3,
  DT_INT64 = 9,
  DT_BOOL = 12,
  DT_BF16 = 27
};
enum Format {
  FORMAT_NCHW = 0,
  FORMAT_NHWC = 1,
  FORMAT_ND = 2,
  FORMAT_NC1HWC0 = 3,
  FORMAT_NDHWC = 27,
  FORMAT_NCDHW = 30
};
inline Format GetPrimaryFormat(Format format) { return format; }

}  // namespace ge

namespace gert {

class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : dims_(dims) {}
  size_t GetDimNum() const { return dims_.size(); }
  int64_t GetDim(size_t i) const { return dims_[i]; }
  void SetDimNum(size_t count) { dims_.resize(count); }
  void SetDim(size_t i, int64_t dim) { dims_[i] = dim; }
  const std::vector<int64_t>& dims() const { return dims_; }

 private:
  std::vector<int64_t> dims_;
};

class StorageShape {
 public:
  explicit StorageShape(Shape shape = {}) : shape_(std::move(shape)) {}
  const Shape& GetStorageShape() const { return shape_; }

 private:
  Shape shape_;
};

class CompileTimeTensorDesc {
 public:
  explicit CompileTimeTensorDesc(ge::DataType dtype = ge::DT_BF16,
                                 ge::Format format = ge::FORMAT_ND)
      : dtype_(dtype), format_(format) {}
  ge::DataType GetDataType() const { return dtype_; }
  ge::Format GetStorageFormat() const { return format_; }

 private:
  ge::DataType dtype_;
  ge::Format format_;
};

class RuntimeAttrs {
 public:
  using Value = std::variant<std::monostate, int64_t, float, std::string>;
  std::vector<Value> values;  // monostate: CANN does not give it

  const int64_t* GetInt(size_t i) const { return std::get_if<int64_t>(&values[i]); }
  const float* GetFloat(size_t i) const { return std::get_if<float>(&values[i]); }
  const char* GetStr(size_t i) const {
    const auto* const text = std::get_if<std::string>(&values[i]);
    return text == nullptr ? nullptr : text->c_str();
  }
};

class InferShapeContext {
 public:
  std::vector<Shape> inputs;
  Shape outputs[3];

  const Shape* GetInputShape(size_t i) const { return i < inputs.size() ? &inputs[i] : nullptr; }
  Shape* GetOutputShape(size_t i) { return &outputs[i]; }
  const char* GetNodeName() const { return "node"; }
};

class InferDataTypeContext {
 public:
  std::map<size_t, ge::DataType> outputs;
  ge::graphStatus SetOutputDataType(size_t i, ge::DataType dtype) {
    outputs[i] = dtype;
    return ge::GRAPH_SUCCESS;
  }
};

class TilingContext {
 public:
  struct Tensor {
    StorageShape shape;
    CompileTimeTensorDesc desc;
  };
  std::map<size_t, Tensor> inputs, outputs;
  RuntimeAttrs attributes;
  size_t capacity = 2048;  // as CANN's default
  alignas(8) uint8_t data[2048];
  size_t data_bytes = 0, workspace = 0;
  uint64_t key = 1;
  uint32_t block_dim = 0, mode = 0;

  const StorageShape* GetOptionalInputShape(size_t i) const { return ShapeOf(inputs, i); }
  const CompileTimeTensorDesc* GetOptionalInputDesc(size_t i) const { return DescOf(inputs, i); }
  const StorageShape* GetOutputShape(size_t i) const { return ShapeOf(outputs, i); }
  const CompileTimeTensorDesc* GetOutputDesc(size_t i) const { return DescOf(outputs, i); }
  const RuntimeAttrs* GetAttrs() const { return &attributes; }
  const char* GetNodeName() const { return "node"; }
  fe::PlatFormInfos* GetPlatformInfo() const { return nullptr; }
  template <typename T>
  T* GetTilingData() {
    if (sizeof(T) > capacity) return nullptr;
    data_bytes = sizeof(T);
    return reinterpret_cast<T*>(data);
  }
  size_t* GetWorkspaceSizes(size_t) { return &workspace; }
  ge::graphStatus SetTilingKey(uint64_t value) { return Set(&key, value); }
  ge::graphStatus SetBlockDim(uint32_t value) { return Set(&block_dim, value); }
  ge::graphStatus SetScheduleMode(uint32_t value) { return Set(&mode, value); }

 private:
  using Tensors = std::map<size_t, Tensor>;
  static const StorageShape* ShapeOf(const Tensors& tensors, size_t i) {
    const auto found = tensors.find(i);
    return found == tensors.end() ? nullptr : &found->second.shape;
  }
  static const CompileTimeTensorDesc* DescOf(const Tensors& tensors, size_t i) {
    const auto found = tensors.find(i);
    return found == tensors.end() ? nullptr : &found->second.desc;
  }
  template <typename T>
  static ge::graphStatus Set(T* to, T value) {
    *to = value;
    return ge::GRAPH_SUCCESS;
  }
};

}  // namespace gert

namespace ops {

enum Option { IGNORE = 0, OPTIONAL = 1, REQUIRED = 2 };
enum class HcclServerType : uint32_t { AICPU = 0, AICORE = 1 };

struct OpParamDef {
  std::string name;
  Option presence = IGNORE;
  std::vector<ge::DataType> dtypes;
  std::vector<ge::Format> formats;
  bool contiguous = false;

  OpParamDef& ParamType(Option option) { return presence = option, *this; }
  OpParamDef& DataType(std::vector<ge::DataType> types) { return dtypes = std::move(types), *this; }
  OpParamDef& Format(std::vector<ge::Format> list) { return formats = std::move(list), *this; }
  OpParamDef& AutoContiguous() { return contiguous = true, *this; }
};

struct OpAttrDef {
  std::string name;
  Option presence = IGNORE;
  std::string type, fallback;

  OpAttrDef& AttrType(Option option) { return presence = option, *this; }
  OpAttrDef& String() { return type = "string", *this; }
  OpAttrDef& String(const char* value) { return type = "string", fallback = value, *this; }
  OpAttrDef& Int() { return type = "int", *this; }
  OpAttrDef& Int(int64_t value) { return type = "int", fallback = std::to_string(value), *this; }
  OpAttrDef& Float(float value) { return type = "float", fallback = std::to_string(value), *this; }
};

class OpAICoreConfig {
 public:
  std::map<std::string, std::string> extended;
  OpAICoreConfig& DynamicCompileStaticFlag(bool) { return *this; }
  OpAICoreConfig& DynamicFormatFlag(bool) { return *this; }
  OpAICoreConfig& DynamicRankSupportFlag(bool) { return *this; }
  OpAICoreConfig& DynamicShapeSupportFlag(bool) { return *this; }
  OpAICoreConfig& NeedCheckSupportFlag(bool) { return *this; }
  OpAICoreConfig& PrecisionReduceFlag(bool) { return *this; }
  OpAICoreConfig& ExtendCfgInfo(const char* key, const char* value) {
    return extended[key] = value, *this;
  }
};

class OpAICoreDef {
 public:
  ge::graphStatus (*tiling)(gert::TilingContext*) = nullptr;
  std::map<std::string, OpAICoreConfig> configs;
  OpAICoreDef& SetTiling(ge::graphStatus (*function)(gert::TilingContext*)) {
    return tiling = function, *this;
  }
  OpAICoreDef& AddConfig(const char* soc, OpAICoreConfig& config) {
    return configs[soc] = config, *this;
  }
};

class OpMC2Def {
 public:
  std::vector<std::string> groups;
  enum HcclServerType server = ops::HcclServerType::AICPU;
  OpMC2Def& HcclGroup(std::vector<const char*> names) {
    return groups.assign(names.begin(), names.end()), *this;
  }
  void HcclServerType(enum HcclServerType type, const char* = nullptr) { server = type; }
};

class OpDef {
 public:
  explicit OpDef(const char* type_name) : type(type_name) {}
  std::string type;
  std::vector<OpParamDef> inputs, outputs;
  std::vector<OpAttrDef> attributes;
  ge::graphStatus (*infer_shape)(gert::InferShapeContext*) = nullptr;
  ge::graphStatus (*infer_dtype)(gert::InferDataTypeContext*) = nullptr;
  OpAICoreDef core;
  OpMC2Def mc2;

  OpParamDef& Input(const char* name) { return Named(inputs, name); }
  OpParamDef& Output(const char* name) { return Named(outputs, name); }
  OpAttrDef& Attr(const char* name) { return Named(attributes, name); }
  void SetInferShape(ge::graphStatus (*function)(gert::InferShapeContext*)) {
    infer_shape = function;
  }
  void SetInferDataType(ge::graphStatus (*function)(gert::InferDataTypeContext*)) {
    infer_dtype = function;
  }
  OpAICoreDef& AICore() { return core; }
  OpMC2Def& MC2() { return mc2; }

 private:
  template <typename T>
  static T& Named(std::vector<T>& list, const char* name) {
    list.emplace_back();
    list.back().name = name;
    return list.back();
  }
};

// The definition that OP_ADD registers.
inline const OpDef*& Registered() {
  static const OpDef* definition = nullptr;
  return definition;
}

}  // namespace ops

#define OP_ADD(type)                                     \
  [[maybe_unused]] static const bool type##_added = [] { \
    static const type definition(#type);                 \
    ops::Registered() = &definition;                     \
    return true;                                         \
  }()
