# Writes OUT, a header with the git revision, and leaves it alone if it says so already.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12
                OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT revision)
  set(revision "unknown")
endif()
file(CONFIGURE OUTPUT ${OUT} CONTENT "#pragma once

namespace cambium {

inline constexpr const char* kRevision = \"${revision}\";

}  // namespace cambium
")
