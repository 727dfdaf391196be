// SPDX-License-Identifier: Apache-2.0
// What a kernel did wrong. A Fault unwinds the core's fibre; Run turns the first one into its
// error.
#pragma once

#include <string>

#include "place.h"

namespace host_ascendc {

struct Fault {
  std::string text;
};

// Unwinds the cores that are left when another one has failed.
struct Cancelled {};

std::string Text(const char* format, ...) __attribute__((format(printf, 1, 2)));

// file:line without the folder, as messages show it.
std::string Show(const Place& place);

// Throws a Fault that names place, core and rank.
[[noreturn]] void Fail(const Place& place, const char* format, ...)
    __attribute__((format(printf, 2, 3)));

}  // namespace host_ascendc
