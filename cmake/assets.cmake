# Writes OUT, a source file that holds the files below FOLDER as texts, for runner/page/asset.h.
file(GLOB names RELATIVE ${FOLDER} ${FOLDER}/*)
set(entries "")
foreach(name ${names})
  file(READ ${FOLDER}/${name} content)
  string(APPEND entries "      {\"${name}\", R\"asset!(${content})asset!\"},\n")
endforeach()
file(WRITE ${OUT} "#include \"page/asset.h\"

#include <map>

namespace cambium::page {

std::string_view asset(std::string_view name) {
  static const std::map<std::string_view, std::string_view> kAssets = {
${entries}  };
  return kAssets.at(name);
}

}  // namespace cambium::page
")
