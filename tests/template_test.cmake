# Installs the build into a folder of its own, builds the plugin template against that, and has the installed worker load it.
#   cmake -DBUILD=... -DSOURCE=... -DWORK=... -P template_test.cmake
function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGV}\n${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
file(COPY ${SOURCE}/plugins/template DESTINATION ${WORK})
run(${CMAKE_COMMAND} -G Ninja -S ${WORK}/template -B ${WORK}/template/build -DCMAKE_PREFIX_PATH=${WORK}/prefix)
run(${CMAKE_COMMAND} --build ${WORK}/template/build)

file(WRITE ${WORK}/request.json "{\"do\": \"describe\"}\n")
execute_process(COMMAND ${WORK}/prefix/bin/cambium-worker --plugins ${WORK}/template/build INPUT_FILE ${WORK}/request.json
                OUTPUT_VARIABLE answer RESULT_VARIABLE result)
foreach(name frozen_bottom lenet5 shapes feature_extraction)
  if(NOT result EQUAL 0 OR NOT answer MATCHES "\"name\":\"${name}\"")
    message(FATAL_ERROR "the installed worker does not list ${name}: ${answer}")
  endif()
endforeach()
if(NOT answer MATCHES "\"problems\":\\[\\]")
  message(FATAL_ERROR "the installed worker complains: ${answer}")
endif()
file(REMOVE_RECURSE ${WORK})
