#include "exec/control_group.h"

#include <gtest/gtest.h>

#include "support/temporary_folder.h"

namespace cambium::test {
namespace {

TEST(ControlGroup, NoMoreProcessorsThanTheQuotasOfItsGroupsAllow) {
  TemporaryFolder root;
  const int all = usable_cpus(root.path());
  EXPECT_GE(all, 1);
  root.write("proc/self/cgroup", "0::/a/b\n");
  root.write("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  EXPECT_EQ(usable_cpus(root.path()), all);
  root.write("sys/fs/cgroup/a/cpu.max", "150000 100000\n");
  EXPECT_EQ(usable_cpus(root.path()), 1);
}

TEST(ControlGroup, OfTheFirstVersionToo) {
  TemporaryFolder root;
  root.write("proc/self/cgroup", "4:memory:/x\n3:cpu,cpuacct:/docker/not-there\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n");
  EXPECT_EQ(usable_cpus(root.path()), 1) << "half a processor is one";
}

TEST(ControlGroup, CountsWhatWasKilledForMemory) {
  TemporaryFolder root;
  EXPECT_EQ(memory_kills(root.path()), 0);
  root.write("proc/vmstat", "nr_free_pages 7\noom_kill 2\n");
  root.write("proc/self/cgroup", "0::/\n");
  root.write("sys/fs/cgroup/memory.events", "low 0\noom 4\noom_kill 3\n");
  EXPECT_EQ(memory_kills(root.path()), 5);
}

}  // namespace
}  // namespace cambium::test
