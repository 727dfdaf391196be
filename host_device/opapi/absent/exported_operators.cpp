// SPDX-License-Identifier: Apache-2.0
#include "exported_operators.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <set>
#include <string_view>
#include <vector>

namespace host {
namespace {

constexpr std::string_view kPrefix = "aclnn";
constexpr std::string_view kFirstPhase = "GetWorkspaceSize";

// A file in memory, read only.
class MappedFile {
 public:
  explicit MappedFile(const char* path) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    struct stat status;
    if (fstat(fd, &status) == 0 && status.st_size > 0) {
      void* const memory =
          mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
      if (memory != MAP_FAILED) {
        data_ = static_cast<const char*>(memory);
        bytes_ = static_cast<size_t>(status.st_size);
      }
    }
    close(fd);
  }
  ~MappedFile() {
    if (data_ != nullptr) munmap(const_cast<char*>(data_), bytes_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // `count` objects at `offset`; null when the file does not hold them.
  template <typename T>
  const T* At(uint64_t offset, uint64_t count) const {
    if (offset > bytes_ || count > (bytes_ - offset) / sizeof(T) || offset % alignof(T) != 0) {
      return nullptr;
    }
    return reinterpret_cast<const T*>(data_ + offset);
  }

 private:
  const char* data_ = nullptr;
  size_t bytes_ = 0;
};

// Names of all functions that the library defines.
std::set<std::string_view> DefinedNames(const MappedFile& file) {
  std::set<std::string_view> names;
  const auto* header = file.At<ElfW(Ehdr)>(0, 1);
  if (header == nullptr || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return names;
  const auto* sections = file.At<ElfW(Shdr)>(header->e_shoff, header->e_shnum);
  for (uint32_t i = 0; sections != nullptr && i < header->e_shnum; ++i) {
    if (sections[i].sh_type != SHT_DYNSYM || sections[i].sh_link >= header->e_shnum) continue;
    const uint64_t count = sections[i].sh_size / sizeof(ElfW(Sym));
    const auto* symbols = file.At<ElfW(Sym)>(sections[i].sh_offset, count);
    const auto& strings = sections[sections[i].sh_link];
    const char* text = file.At<char>(strings.sh_offset, strings.sh_size);
    if (symbols == nullptr || text == nullptr) continue;
    for (uint64_t s = 0; s < count; ++s) {
      if (symbols[s].st_shndx == SHN_UNDEF || symbols[s].st_name >= strings.sh_size) continue;
      const char* name = text + symbols[s].st_name;
      names.emplace(name, strnlen(name, strings.sh_size - symbols[s].st_name));
    }
  }
  return names;
}

// Files of all loaded libraries that are named like libopapi.so, libcust_opapi.so.
std::vector<std::string> OperatorLibraries() {
  std::vector<std::string> paths;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* state) {
        const std::string_view path = info->dlpi_name;
        if (path.substr(path.rfind('/') + 1).find("opapi") != path.npos) {
          static_cast<std::vector<std::string>*>(state)->emplace_back(path);
        }
        return 0;
      },
      &paths);
  return paths;
}

}  // namespace

std::string ExportedOperators() {
  // A program may ask before it has called any operator.
  void* const opapi = dlopen("libopapi.so", RTLD_LAZY);
  std::string all;
  for (const std::string& path : OperatorLibraries()) {
    const MappedFile file(path.c_str());
    std::string operators;
    const std::set<std::string_view> names = DefinedNames(file);
    for (const std::string_view name : names) {
      if (name.substr(0, kPrefix.size()) != kPrefix) continue;
      if (names.count(std::string(name) + std::string(kFirstPhase)) == 0) continue;
      operators += (operators.empty() ? " " : ", ") + std::string(name.substr(kPrefix.size()));
    }
    if (operators.empty()) continue;
    all += (all.empty() ? "" : ";") + operators + " in " + path.substr(path.rfind('/') + 1);
  }
  if (opapi != nullptr) dlclose(opapi);
  return all;
}

}  // namespace host
