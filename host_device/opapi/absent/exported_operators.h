// SPDX-License-Identifier: Apache-2.0
// Which aclnn operators this process has.
#pragma once

#include <string>

namespace host {

// " Abs, Add in libopapi.so; MoeDistributeCombineAddRmsNorm in libcust_opapi.so", names without
// their "aclnn", read from the libraries' own tables of symbols.
std::string ExportedOperators();

}  // namespace host
