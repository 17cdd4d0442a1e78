#include "operations.h"

#include <set>
#include <sstream>
#include <string_view>

namespace cambium::exported {
namespace {

using Names = std::set<std::string, std::less<>>;

Names names(const char* list) {
  std::istringstream text(list);
  Names result;
  for (std::string name; text >> name;) result.insert(name);
  return result;
}

const Names& products() {
  static const Names all = names(
      "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d convolution linear matmul mm bmm addmm "
      "baddbmm addbmm mv addmv dot vdot inner outer einsum tensordot bilinear scaled_dot_product_attention "
      "chain_matmul");
  return all;
}

const Names& norms() {
  static const Names all =
      names("batch_norm layer_norm native_layer_norm group_norm native_group_norm instance_norm rms_norm");
  return all;
}

const Names& dropouts() {
  static const Names all = names("dropout feature_dropout alpha_dropout feature_alpha_dropout");
  return all;
}

/// Other shapes of the same numbers.
const Names& views() {
  static const Names all = names(
      "view view_as reshape reshape_as _reshape_alias _unsafe_view flatten unflatten ravel permute transpose swapaxes "
      "swapdims movedim moveaxis t numpy_T mT adjoint squeeze unsqueeze expand expand_as broadcast_to select slice "
      "narrow "
      "split split_with_sizes chunk tensor_split hsplit vsplit dsplit unbind unsafe_split unsafe_split_with_sizes "
      "unsafe_chunk unfold diagonal contiguous clone detach alias lift_fresh lift_fresh_copy cat concat concatenate "
      "stack "
      "hstack vstack dstack roll flip fliplr flipud rot90 repeat tile repeat_interleave pixel_shuffle pixel_unshuffle "
      "channel_shuffle atleast_1d atleast_2d atleast_3d view_copy");
  return all;
}

/// Number by number, simple enough to be right in bf16, gradients too.
const Names& simple() {
  static const Names all = names(
      "add sub subtract mul multiply div divide true_divide neg abs relu gelu silu sigmoid tanh max_pool2d "
      "adaptive_avg_pool2d mean sum constant_pad_nd to _to_copy type_as");
  return all;
}

const Names& others() {
  static const Names all = names(
      // number by number
      "rsub floor_divide fmod remainder pow float_power square sqrt rsqrt reciprocal exp exp2 expm1 log log1p log2 "
      "log10 "
      "logaddexp sin cos tan asin acos atan atan2 sinh cosh asinh acosh atanh erf erfc sign sgn floor ceil round trunc "
      "frac clamp clip clamp_min clamp_max minimum maximum max min fmax fmin lerp addcmul addcdiv hypot relu6 "
      "leaky_relu "
      "prelu elu selu celu glu mish hardtanh hardsigmoid hardswish hardshrink softshrink tanhshrink softplus softsign "
      "log_sigmoid threshold logit nan_to_num where masked_fill eq ne lt le gt ge logical_not logical_and logical_or "
      "logical_xor bitwise_not bitwise_and bitwise_or bitwise_xor isnan isinf isfinite isclose copy fill zero "
      // over dimensions
      "prod amax amin aminmax argmax argmin var std var_mean std_mean norm linalg_vector_norm linalg_norm "
      "linalg_matrix_norm frobenius_norm logsumexp cumsum cumprod softmax _softmax _safe_softmax log_softmax "
      "_log_softmax "
      "topk sort argsort all any count_nonzero cosine_similarity pairwise_distance cdist trace "
      // by place
      "embedding index index_select index_put gather take take_along_dim scatter scatter_add index_add index_fill "
      "index_copy masked_scatter slice_scatter select_scatter diagonal_scatter one_hot tril triu diag diag_embed "
      // windows
      "max_pool1d max_pool3d max_pool2d_with_indices avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d "
      "adaptive_avg_pool3d _adaptive_avg_pool2d adaptive_max_pool1d adaptive_max_pool2d im2col col2im pad "
      "reflection_pad1d "
      "reflection_pad2d replication_pad1d replication_pad2d upsample_nearest1d upsample_nearest2d "
      "_upsample_nearest_exact2d "
      "upsample_linear1d upsample_bilinear2d upsample_bicubic2d _upsample_bilinear2d_aa _upsample_bicubic2d_aa "
      "grid_sampler "
      "grid_sampler_2d affine_grid_generator local_response_norm "
      // made of numbers
      "zeros ones full arange linspace eye scalar_tensor zeros_like ones_like full_like new_zeros new_ones new_full "
      "meshgrid "
      "tril_indices triu_indices "
      // over time
      "lstm gru rnn_tanh rnn_relu");
  return all;
}

bool in(const Names& names, const std::string& name) {
  if (names.count(name)) return true;
  return name.size() > 1 && name.back() == '_' && names.count(std::string_view(name).substr(0, name.size() - 1));
}

}  // namespace

std::string aten_name(const std::string& target) {
  constexpr std::string_view kBefore = "torch.ops.aten.";
  if (target.rfind(kBefore, 0) != 0) return {};
  const std::string rest = target.substr(kBefore.size());
  return rest.substr(0, rest.find('.'));
}

bool is_pure(const std::string& name) {
  return in(products(), name) || in(norms(), name) || in(dropouts(), name) || in(views(), name) || in(simple(), name) ||
         in(others(), name);
}

bool is_check(const std::string& name) {
  static const Names all = names(
      "_assert_tensor_metadata _assert_async _assert_scalar sym_constrain_range sym_constrain_range_for_size "
      "_functional_assert_async _functional_assert_scalar");
  return all.count(name) != 0;
}

bool is_product(const std::string& name) { return in(products(), name); }
bool is_norm(const std::string& name) { return in(norms(), name); }
bool is_dropout(const std::string& name) { return in(dropouts(), name); }
bool takes_bf16(const std::string& name) {
  return in(products(), name) || in(views(), name) || in(simple(), name) || in(dropouts(), name) ||
         name == "batch_norm";
}
bool may_pass_through(const std::string& name) {
  static const Names all = names("type_as to _to_copy pad constant_pad_nd repeat expand_as contiguous");
  return is_dropout(name) || all.count(name) != 0;
}

}  // namespace cambium::exported
