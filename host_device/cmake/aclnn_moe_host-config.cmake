# SPDX-License-Identifier: Apache-2.0
# find_package(aclnn_moe_host): the libraries of the CANN home that this file lies in.
#   aclnn_moe_host::ascendcl, nnopbase, hccl, opapi   CANN's libraries
#   aclnn_moe_host::cust_opapi                        the operator package
#   aclnn_moe_host::aclnn_moe_host                    all of them
# aclnn_moe_host_HOME is the home, for ASCEND_HOME_PATH.
get_filename_component(aclnn_moe_host_HOME "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

foreach(_component IN LISTS aclnn_moe_host_FIND_COMPONENTS)
  set(aclnn_moe_host_${_component}_FOUND FALSE)
  if(aclnn_moe_host_FIND_REQUIRED_${_component})
    set(aclnn_moe_host_FOUND FALSE)
    set(aclnn_moe_host_NOT_FOUND_MESSAGE "it has no components, '${_component}' came")
  endif()
endforeach()

function(_aclnn_moe_host_target name folder)
  cmake_parse_arguments(ARG "" "" "INCLUDE;LINK" ${ARGN})
  set(library "${aclnn_moe_host_HOME}/${folder}/lib${name}.so")
  if(NOT EXISTS "${library}")
    set(aclnn_moe_host_FOUND FALSE PARENT_SCOPE)
    set(aclnn_moe_host_NOT_FOUND_MESSAGE "${library} is missing: install aclnn-moe again"
        PARENT_SCOPE)
  elseif(NOT TARGET aclnn_moe_host::${name})
    add_library(aclnn_moe_host::${name} SHARED IMPORTED)
    set_target_properties(aclnn_moe_host::${name} PROPERTIES
      IMPORTED_LOCATION "${library}"
      INTERFACE_INCLUDE_DIRECTORIES "${ARG_INCLUDE}"
      # CMake takes folders of LIBRARY_PATH for the system's own and leaves them out of the RPATH.
      INTERFACE_LINK_OPTIONS "LINKER:-rpath,${aclnn_moe_host_HOME}/${folder}"
      INTERFACE_LINK_LIBRARIES "${ARG_LINK}")
  endif()
endfunction()

set(_include INCLUDE "${aclnn_moe_host_HOME}/include")
set(_package opp/vendors/aclnn_moe/op_api)
_aclnn_moe_host_target(ascendcl lib64 ${_include})
_aclnn_moe_host_target(nnopbase lib64 ${_include} LINK aclnn_moe_host::ascendcl)
_aclnn_moe_host_target(hccl lib64 ${_include} LINK aclnn_moe_host::ascendcl)
_aclnn_moe_host_target(opapi lib64 ${_include} LINK aclnn_moe_host::nnopbase)
_aclnn_moe_host_target(cust_opapi ${_package}/lib
                       INCLUDE "${aclnn_moe_host_HOME}/${_package}/include"
                       LINK aclnn_moe_host::nnopbase)
unset(_include)
unset(_package)
unset(_component)

if(NOT TARGET aclnn_moe_host::aclnn_moe_host)
  add_library(aclnn_moe_host::aclnn_moe_host INTERFACE IMPORTED)
  set_target_properties(aclnn_moe_host::aclnn_moe_host PROPERTIES INTERFACE_LINK_LIBRARIES
    "aclnn_moe_host::ascendcl;aclnn_moe_host::nnopbase;aclnn_moe_host::hccl;aclnn_moe_host::opapi;aclnn_moe_host::cust_opapi")
endif()
