# SPDX-License-Identifier: Apache-2.0
"""Write the C sources of the binding: cffi's part, and the table of CANN's functions."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from cffi import FFI

HEADERS = ("cann.h", "library.h", "operator_call.h", "dlpack.h")

PROTOTYPE = re.compile(r"^(?P<result>[\w ]+?\**) ?\b(?P<name>\w+)\((?P<parameters>.*)\);$")


def declarations(header: Path) -> str:
    """Text of a header as cffi takes it: without preprocessor lines other than constants."""
    lines = header.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not re.match(r"#\s*(pragma|include)", line))


def prototypes(header: Path) -> list[tuple[str, str, str]]:
    """Return (result, name, parameters) of every function that a header declares."""
    found = []
    for line in header.read_text(encoding="utf-8").splitlines():
        match = PROTOTYPE.match(line)
        if match and not line.startswith("typedef"):
            found.append((match["result"], match["name"], match["parameters"]))
    return found


def symbol_table(functions: list[tuple[str, str, str]]) -> str:
    """C source of the function table and of one forwarding function per entry."""
    out = ['#include "library.h"', "", "#include <dlfcn.h>", "#include <string.h>", ""]
    out.append("static struct {")
    out += [f"  {result} (*{name})({parameters});" for result, name, parameters in functions]
    out += ["} table;", "", "static const struct {", "  const char* name;", "  void** entry;"]
    out.append("} symbols[] = {")
    out += [f'    {{"{name}", (void**)&table.{name}}},' for _, name, _ in functions]
    out += ["};", ""]
    out.append("#define SYMBOLS (sizeof(symbols) / sizeof(symbols[0]))")
    out.append(
        """
void aclnn_moe_bind(void* library) {
  for (size_t i = 0; i < SYMBOLS; ++i) {
    if (*symbols[i].entry == NULL) {
      *symbols[i].entry = dlsym(library, symbols[i].name);
    }
  }
}

int32_t aclnn_moe_is_bound(const char* name) {
  for (size_t i = 0; i < SYMBOLS; ++i) {
    if (strcmp(symbols[i].name, name) == 0) {
      return *symbols[i].entry != NULL;
    }
  }
  return 0;
}
"""
    )
    for result, name, parameters in functions:
        names = [part.split()[-1].lstrip("*") for part in parameters.split(",")]
        arguments = "" if names == ["void"] else ", ".join(names)
        missing = "NULL" if result.endswith("*") else "ACLNN_MOE_SYMBOL_MISSING"
        out.append(f"{result} {name}({parameters}) {{")
        out.append(f"  return table.{name} != NULL ? table.{name}({arguments}) : {missing};")
        out += ["}", ""]
    return "\n".join(out)


def main(source: Path, destination: Path) -> None:
    """Write ``_binding.c`` and ``symbols.c`` into ``destination``."""
    ffi = FFI()
    for header in HEADERS:
        ffi.cdef(declarations(source / header))
    includes = "\n".join(f'#include "{header}"' for header in HEADERS)
    ffi.set_source("aclnn_moe._ffi._binding", includes)
    ffi.emit_c_code(str(destination / "_binding.c"))
    functions = prototypes(source / "cann.h")
    (destination / "symbols.c").write_text(symbol_table(functions), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
