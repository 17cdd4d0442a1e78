# Flags that every target of this project is built with.
add_library(cambium_flags INTERFACE)
# -Wrestrict and -Wmaybe-uninitialized: GCC 12 is wrong about std::string concatenation (GCC bug 105329) and std::variant.
target_compile_options(cambium_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-restrict -Wno-maybe-uninitialized)
if(CAMBIUM_WERROR)
  target_compile_options(cambium_flags INTERFACE -Werror)
endif()
if(CAMBIUM_SANITIZE)
  add_compile_options(-fsanitize=${CAMBIUM_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${CAMBIUM_SANITIZE})
endif()

# cambium_room(NAME [LIBRARY ...]): the sources of runner/NAME as the static library cambium_NAME.
function(cambium_room name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/runner/${name}/*.cpp
       ${CMAKE_SOURCE_DIR}/runner/${name}/*/*.cpp ${CMAKE_SOURCE_DIR}/runner/${name}/*/*/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  if(NOT sources)
    return()
  endif()
  add_library(cambium_${name} STATIC ${sources})
  target_include_directories(cambium_${name} PUBLIC ${CMAKE_SOURCE_DIR}/runner)
  target_link_libraries(cambium_${name} PUBLIC ${ARGN} PRIVATE cambium_flags)
endfunction()
