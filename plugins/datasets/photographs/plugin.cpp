#include "cambium/plugin.h"

#include "photographs.h"

CAMBIUM_PLUGIN("photographs", "1", registry) {
  using namespace cambium;
  registry.add_dataset("image_folder", "image files in a folder for each class", image_folder_schema(),
                       make_image_folder);
  registry.add_dataset("image_list", "image files named, with their labels, in text files", image_list_schema(),
                       make_image_list);
}
