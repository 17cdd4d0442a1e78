target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/datasets)  # "files/..."
