#include "store/quantile.h"

#include <boost/math/distributions/students_t.hpp>

namespace cambium {

double t975(int df) { return boost::math::quantile(boost::math::students_t(df), 0.975); }

}  // namespace cambium
