# cambium_add_plugin(NAME SOURCE ...): a plugin library, built against the SDK. In Cambium's own build it lands where the
# programs look for it; in a project of your own, in the build folder: pass that to --plugins.
function(cambium_add_plugin name)
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE cambium::sdk)
  target_compile_features(${name} PRIVATE cxx_std_20)
  set_target_properties(${name} PROPERTIES PREFIX "" CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endfunction()
