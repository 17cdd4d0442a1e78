#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "cambium/module.h"
#include "form.h"
#include "graph.h"
#include "segment.h"
#include "units.h"

namespace cambium::exported {

/// The tensors that layers have declared, by value: a buffer that several read is the first one's.
using GivenTensors = std::map<ValueId, at::Tensor>;

/// A layer of an exported network: a part of its graph. Its parameters and buffers have the state dict's names in full.
class GraphLayer : public Module {
 public:
  /// Takes `input` in the form `from` and gives `output` in the form `to`.
  GraphLayer(std::shared_ptr<const Graph> graph, const Span& span, ValueId input, Form from, ValueId output, Form to,
             GivenTensors& given);
  at::Tensor forward(const at::Tensor& x) override;

  /// Keeps a tensor of the state dict that nothing reads, so that what is saved is whole.
  void keep(const std::string& name, const at::Tensor& value) { buffer(name, value); }
  const std::set<std::string>& names() const { return names_; }

 private:
  at::Tensor give(ValueId id, GivenTensors& given);

  std::shared_ptr<const Graph> graph_;
  std::unique_ptr<Segment> segment_;
  Form from_, to_;
  std::set<std::string> names_;  ///< of its tensors
};

}  // namespace cambium::exported
