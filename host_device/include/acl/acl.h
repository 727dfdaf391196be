// SPDX-License-Identifier: Apache-2.0
// The header that ACL programs include.
#pragma once

#include "acl_op.h"
#include "acl_rt.h"
