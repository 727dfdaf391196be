// SPDX-License-Identifier: Apache-2.0
// A library that programs link or open by name, and of which the host device has no function:
// whoever looks one up does not find it, and whoever links one is told so by the linker.
