#include "weights/export.h"

#include "cambium/error.h"
#include "weights/weights_file.h"
#include "weights/write.h"

namespace cambium {

void export_weights(const WeightsExport& job) {
  const WeightsFile source(job.source);
  if (source.sha256() != job.sha256)
    throw Error(ErrorKind::Data, job.source.string() + " is not the file that was trained: its SHA-256 differs",
                "delete it and run the study again: the cell will be trained anew");
  std::vector<TensorBytes> tensors;
  for (const StoredTensor& tensor : source.index().tensors)  // in order: safetensors has no views
    tensors.push_back({tensor.name,
                       tensor.type,
                       tensor.shape,
                       {source.begin_of(tensor), std::size_t(tensor.count()) * element_size(tensor.type)}});
  WeightsCard card = read_card(job.source, source.index().metadata, {}).value_or(WeightsCard{});
  card.study.insert(job.study.begin(), job.study.end());
  std::error_code error;
  std::filesystem::create_directories(job.to.parent_path(), error);
  card.sha256 = job.to.extension() == ".pth" ? write_pth(job.to, tensors)
                                             : write_safetensors(job.to, tensors, source.index().metadata);
  write_card(job.to, card);
}

}  // namespace cambium
