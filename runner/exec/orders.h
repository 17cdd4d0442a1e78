#pragma once

#include <string>
#include <vector>

#include "exec/coordinator.h"
#include "exec/folders.h"
#include "exec/ready.h"
#include "exec/slot.h"

namespace cambium {

/// Writes what workers are asked to do: jobs with the paths of this run.
class Orders {
 public:
  Orders(const Plan& plan, const Store& store, const RunOptions& options, const Folders& folders,
         const Schedule& schedule)
      : plan_(plan), store_(store), options_(options), folders_(folders), schedule_(schedule) {}

  /// A line that asks for an attempt at each of `cells`, and the attempts.
  std::string train(const std::vector<std::size_t>& cells, const Ready& ready, std::vector<Member>& members) const;
  /// A line that asks for measures of a done cell.
  std::string measure(std::size_t cell, const std::vector<std::size_t>& measures, const Ready& ready,
                      Member& member) const;

 private:
  TrainJob training(const Member& member, const Ready& ready) const;
  TapsOrder taps(std::size_t cell) const;

  const Plan& plan_;
  const Store& store_;
  const RunOptions& options_;
  const Folders& folders_;
  const Schedule schedule_;
};

}  // namespace cambium
