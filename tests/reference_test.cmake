# docs/strategies.md is what the plugins declare now.
execute_process(COMMAND ${CMAKE_COMMAND} -E env --unset=CAMBIUM_PLUGINS ${CAMBIUM} plugins --reference
                OUTPUT_FILE ${WORK} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${WORK} ${PAGE} RESULT_VARIABLE different)
if(different)
  message(FATAL_ERROR "${PAGE} is not what the plugins declare: run scripts/reference")
endif()
