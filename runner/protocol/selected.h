#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cambium/error.h"
#include "cambium/schema.h"
#include "protocol/messages.h"

namespace cambium {

/// A selection that cannot be made; `key` of the data table is at fault.
class SelectionError : public Error {
 public:
  SelectionError(std::string key, const std::string& message, const std::string& hint)
      : Error(ErrorKind::Data, message, hint), key_(std::move(key)) {}
  const std::string& key() const { return key_; }

 private:
  std::string key_;
};

/// The classes that a data table keeps, as positions among `classes`, ascending: those of `only` (all, if it names
/// none) less those of `except`, and of these the half that `half` and `split` say. Their new labels are 0, 1, ... in
/// this order. Each split halves at random, depending on its number alone; A and B are each other's complement. Throws
/// SelectionError: a name that is not there or there twice, a number of classes that cannot be halved.
std::vector<std::size_t> kept_classes(const Params& data_settings, const std::vector<std::string>& classes);

/// What is taken of one class of the training images.
struct ClassShare {
  std::int64_t validation = 0, train = 0;
};

/// The share of each class, of which there are `images`: first what is held out for validation, then what is trained
/// on. Throws SelectionError where a class has too few.
std::vector<ClassShare> class_shares(const Params& data_settings, const std::vector<std::string>& classes,
                                     const std::vector<std::int64_t>& images);

/// The facts of what a data table makes of a data set: its classes, and of each the images that a run trains on,
/// validates on and is tested on. Throws SelectionError.
DatasetFacts selected(const DatasetFacts& facts, const Params& data_settings);

}  // namespace cambium
