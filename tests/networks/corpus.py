"""Makes the corpus for the backbone `exported`: small networks of all families of timm and torchvision, exported, and what PyTorch says of each.

    corpus.py list                   the networks' names
    corpus.py FOLDER [NAME ...]      NAME.pt2, NAME.json and NAME.safetensors of those that are not there yet (all, without names)

Weights are random, and nothing in them is trivially 0 or 1. Images are chosen, of four draws, so that rounding alone changes the gradients
least: a ReLU at nearly 0 would have another slope in every build. NAME.safetensors has, for images `image` and classes `label`, with the mean
cross-entropy: `logits` and `gradient.PARAMETER` in eval mode, and, where the network has batch norms and no dropout and rounding leaves them be, `train.logits`,
`train.gradient.PARAMETER` and `train.state.BUFFER`, the running statistics after it, with the norms in train mode.
"""
import copy
import importlib.util
import json
import pathlib
import sys
import time
import traceback
import warnings

SMALL_VIT = {"embed_dim": 96, "depth": 3, "num_heads": 3}
# By name: what makes it, the images' side, and what makes it small.
NETWORKS = {
    "alexnet_tv": ("torchvision:alexnet", 64, {}),
    "beit": ("timm:beit_base_patch16_224", 64, {"img_size": 64, **SMALL_VIT}),
    "cait": ("timm:cait_xxs24_224", 64, {"img_size": 64, "embed_dim": 96, "depth": 3, "num_heads": 4}),
    "coat_lite": ("timm:coat_lite_tiny", 64, {"img_size": 64, "embed_dims": (32, 64, 96, 128)}),
    "coatnet": ("timm:coatnet_nano_rw_224", 64, {"img_size": 64}),
    "convformer": ("timm:convformer_s18", 64, {}),
    "convit": ("timm:convit_tiny", 64, {"img_size": 64, "depth": 6, "local_up_to_layer": 4}),
    "convmixer": ("timm:convmixer_768_32", 64, {}),
    "convnext": ("timm:convnext_atto", 64, {}),
    "convnext_v2": ("timm:convnextv2_atto", 64, {}),
    "cspnet": ("timm:cs3darknet_focus_s", 64, {}),
    "cspresnet": ("timm:cspresnet50", 64, {}),
    "darknet": ("timm:darknet17", 64, {}),
    "davit": ("timm:davit_tiny", 112, {"depths": (1, 1, 1, 1), "embed_dims": (32, 64, 96, 128), "num_heads": (1, 2, 3, 4)}),
    "deit": ("timm:deit_tiny_patch16_224", 64, {"img_size": 64, "depth": 4}),
    "deit3": ("timm:deit3_small_patch16_224", 64, {"img_size": 64, **SMALL_VIT}),
    "densenet": ("timm:densenet121", 64, {"block_config": (3, 4, 4, 3)}),
    "densenet_tv": ("torchvision:densenet121", 64, {}),
    "dla": ("timm:dla46_c", 64, {}),
    "dpn": ("timm:dpn48b", 64, {}),
    "edgenext": ("timm:edgenext_xx_small", 64, {}),
    "efficientformer": ("timm:efficientformerv2_s0", 224, {"distillation": False}),
    "efficientnet": ("timm:efficientnet_b0", 64, {}),
    "efficientnet_lite": ("timm:efficientnet_lite0", 64, {}),
    "efficientnet_tv": ("torchvision:efficientnet_b0", 64, {"stochastic_depth_prob": 0.0, "dropout": 0.0}),
    "efficientvit": ("timm:efficientvit_b0", 64, {}),
    "efficientvit_msra": ("timm:efficientvit_m0", 224, {}),
    "eva02": ("timm:eva02_tiny_patch14_224", 56, {"img_size": 56, "depth": 3}),
    "fastvit": ("timm:fastvit_t8", 64, {}),
    "focalnet": ("timm:focalnet_tiny_srf", 64, {}),
    "gcvit": ("timm:gcvit_xxtiny", 224, {}),
    "ghostnet": ("timm:ghostnet_050", 64, {}),
    "ghostnet_v2": ("timm:ghostnetv2_100", 64, {}),
    "gmlp": ("timm:gmlp_ti16_224", 64, {"img_size": 64}),
    "googlenet_tv": ("torchvision:googlenet", 64, {"aux_logits": False, "init_weights": False, "dropout": 0.0}),
    "hardcorenas": ("timm:hardcorenas_a", 64, {}),
    "hgnet": ("timm:hgnetv2_b0", 64, {}),
    "hiera": ("timm:hiera_tiny_224", 224, {"embed_dim": 32, "stages": (1, 1, 2, 1)}),
    "hrnet": ("timm:hrnet_w18_small", 64, {}),
    "inception_next": ("timm:inception_next_atto", 64, {}),
    "inception_v3": ("timm:inception_v3", 96, {}),
    "inception_v4": ("timm:inception_v4", 96, {}),
    "inception_resnet": ("timm:inception_resnet_v2", 96, {}),
    "lcnet": ("timm:lcnet_050", 64, {}),
    "levit": ("timm:levit_128s", 224, {"distilled": False}),
    "maxvit": ("timm:maxvit_rmlp_pico_rw_256", 64, {"img_size": 64}),
    "mixer": ("timm:mixer_s32_224", 64, {"img_size": 64}),
    "mixnet": ("timm:mixnet_s", 64, {}),
    "mnasnet": ("timm:mnasnet_small", 64, {}),
    "mnasnet_tv": ("torchvision:mnasnet0_5", 64, {"dropout": 0.0}),
    "mobilenet_v2": ("timm:mobilenetv2_050", 64, {}),
    "mobilenet_v3": ("timm:mobilenetv3_small_050", 64, {}),
    "mobilenet_v3_tv": ("torchvision:mobilenet_v3_small", 64, {"dropout": 0.0}),
    "mobilenet_v4": ("timm:mobilenetv4_conv_small_050", 64, {}),
    "mobileone": ("timm:mobileone_s0", 64, {}),
    "mobilevit": ("timm:mobilevit_xxs", 64, {}),
    "mobilevit_v2": ("timm:mobilevitv2_050", 64, {}),
    "mvit": ("timm:mvitv2_tiny", 224, {}),
    "nest": ("timm:nest_tiny", 224, {}),
    "nf_regnet": ("timm:nf_regnet_b0", 64, {}),
    "nf_resnet": ("timm:nf_resnet26", 64, {}),
    "nfnet": ("timm:eca_nfnet_l0", 64, {}),
    "pit": ("timm:pit_ti_224", 224, {}),
    "poolformer": ("timm:poolformer_s12", 64, {}),
    "pvt_v2": ("timm:pvt_v2_b0", 64, {}),
    "regnet_x": ("timm:regnetx_002", 64, {}),
    "regnet_y": ("timm:regnety_002", 64, {}),
    "regnet_tv": ("torchvision:regnet_y_400mf", 64, {}),
    "repghost": ("timm:repghostnet_050", 64, {}),
    "repvgg": ("timm:repvgg_a0", 64, {}),
    "repvit": ("timm:repvit_m0_9", 64, {}),
    "res2net": ("timm:res2net50_26w_4s", 64, {"layers": (1, 1, 2, 1)}),
    "resmlp": ("timm:resmlp_12_224", 64, {"img_size": 64}),
    "resnest": ("timm:resnest14d", 64, {}),
    "resnet": ("timm:resnet10t", 64, {}),
    "resnet_d": ("timm:resnet18d", 64, {}),
    "resnet_tv": ("torchvision:resnet18", 64, {}),
    "resnet_v2": ("timm:resnetv2_18", 64, {}),
    "resnet_v2_gn": ("timm:resnetv2_50d_gn", 64, {}),
    "resnext_tv": ("torchvision:resnext50_32x4d", 64, {"layers": [1, 1, 2, 1]}),
    "rexnet": ("timm:rexnet_100", 64, {}),
    "selecsls": ("timm:selecsls42", 64, {}),
    "senet": ("timm:legacy_seresnet18", 64, {}),
    "sequencer": ("timm:sequencer2d_s", 64, {"layers": (1, 1, 2, 1), "embed_dims": (48, 64, 64, 64)}),
    "shufflenet_tv": ("torchvision:shufflenet_v2_x0_5", 64, {}),
    "skresnet": ("timm:skresnet18", 64, {}),
    "squeezenet_tv": ("torchvision:squeezenet1_1", 64, {"dropout": 0.0}),
    "starnet": ("timm:starnet_s050", 64, {}),
    "swiftformer": ("timm:swiftformer_xs", 64, {}),
    "swin": ("timm:swin_tiny_patch4_window7_224", 112, {"img_size": 112, "embed_dim": 48, "depths": (2, 2, 2, 2)}),
    "swin_v2": ("timm:swinv2_tiny_window8_256", 128, {"img_size": 128, "embed_dim": 48, "depths": (2, 2, 2, 2)}),
    "swin_tv": ("torchvision:swin_t", 112, {"embed_dim": 48, "depths": [2, 2, 2, 2], "stochastic_depth_prob": 0.0}),
    "tiny_vit": ("timm:tiny_vit_5m_224", 224, {}),
    "tinynet": ("timm:tinynet_e", 64, {}),
    "tnt": ("timm:tnt_s_patch16_224", 64, {"img_size": 64, "depth": 3}),
    "tresnet": ("timm:tresnet_m", 64, {"layers": [1, 1, 2, 1]}),
    "twins_pcpvt": ("timm:twins_pcpvt_small", 224, {"embed_dims": (32, 64, 96, 128), "depths": (1, 1, 2, 1)}),
    "twins_svt": ("timm:twins_svt_small", 224, {"embed_dims": (32, 64, 128, 256), "depths": (1, 1, 2, 1)}),
    "vgg": ("timm:vgg11_bn", 64, {"mlp_ratio": 0.05}),
    "visformer": ("timm:visformer_tiny", 224, {}),
    "vit": ("timm:vit_tiny_patch16_224", 64, {"img_size": 64, "depth": 4}),
    "vit_tv": ("torchvision:vit_b_16", 64, {"image_size": 64, "num_layers": 3, "num_heads": 3, "hidden_dim": 96, "mlp_dim": 192}),
    "volo": ("timm:volo_d1_224", 224, {"layers": (1, 1, 2, 1), "embed_dims": (48, 96, 96, 96), "num_heads": (2, 4, 4, 4)}),
    "vovnet": ("timm:ese_vovnet19b_slim", 64, {}),
    "wide_resnet_tv": ("torchvision:wide_resnet50_2", 64, {"layers": [1, 1, 1, 1]}),
    "xception": ("timm:xception", 96, {}),
    "xcit": ("timm:xcit_nano_12_p16_224", 64, {"depth": 4}),
}
CLASSES = 10


def made(source, side, more):
    package, _, name = source.partition(":")
    if package == "timm":
        import timm
        return timm.create_model(name, num_classes=CLASSES, **more)
    from torchvision import models
    if "layers" in more:
        block = models.resnet.Bottleneck
        wide = {"groups": 32, "width_per_group": 4} if "x4d" in name else {"width_per_group": 128}
        return models.ResNet(block, more["layers"], num_classes=CLASSES, **wide)
    if name.startswith("vit") or "swin" in name:
        if "swin" in name:
            return models.SwinTransformer([4, 4], more.pop("embed_dim"), more.pop("depths"), [3, 6, 12, 24], [7, 7], num_classes=CLASSES, **more)
        return models.VisionTransformer(patch_size=16, num_classes=CLASSES, **more)
    return models.get_model(name, num_classes=CLASSES, **more)


def varied(network, images):
    """Weights of which none is trivial: zeros and layer scales get a size, norms differ, running statistics fit the images roughly."""
    import torch
    norms = [module for module in network.modules() if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)]
    with torch.no_grad():
        for name, tensor in network.named_parameters():
            if tensor.dim() == 1 and name.endswith("weight") and float((tensor - 1).abs().max()) == 0:
                tensor.uniform_(0.6, 1.4)
            elif tensor.dim() == 1 and name.endswith("weight") and float(tensor.abs().max()) == 0:
                tensor.uniform_(0.2, 0.6)
            elif float(tensor.std() if tensor.numel() > 1 else 0) == 0 and float(tensor.abs().max()) < 0.3 and not name.endswith("bias"):
                tensor.uniform_(0.1, 0.5) if tensor.squeeze().dim() <= 1 else tensor.normal_(0, 0.05)
            elif float(tensor.abs().max()) == 0:
                tensor.normal_(0, 0.05)
            elif tensor.squeeze().dim() <= 1 and float(tensor.std() if tensor.numel() > 1 else 0) == 0:
                tensor.mul_(torch.empty_like(tensor).uniform_(0.6, 1.4))
        for norm in norms + [module for module in network.modules() if isinstance(module, torch.nn.GroupNorm)]:
            if norm.weight is not None:  # mostly on the one side of a ReLU: deep networks at random are chaotic elsewise, and no two builds agree
                norm.weight.uniform_(0.2, 0.5)
                norm.bias.uniform_(0.5, 1.5)
        for norm in norms:
            norm.train()
            norm.momentum, norm.was = 1.0, norm.momentum
        network(images)
        for norm in norms:
            norm.eval()
            norm.momentum = norm.was
            if norm.running_var is not None:
                norm.running_mean.add_(0.1 * norm.running_var.sqrt() * torch.randn_like(norm.running_mean))
                norm.running_var.clamp_(min=1e-2).mul_(torch.empty_like(norm.running_var).uniform_(0.8, 1.25))
        heads = [module for module in network.modules() if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)) and module.weight.shape[0] == CLASSES]
        size = float(network(images).std())
        for parameter in heads[-1].parameters() if heads else []:
            parameter.div_(size)
    return norms


def gradients(network, images, labels, start):
    import torch
    network.zero_grad(set_to_none=True)
    logits = network(images)
    torch.nn.functional.cross_entropy(logits, labels).backward()
    yield f"{start}logits", logits.detach()
    for name, parameter in network.named_parameters():
        if parameter.grad is not None:
            yield f"{start}gradient.{name}", parameter.grad.clone()


def answers(network, norms, images, labels, learns):
    """What PyTorch says; running statistics are as before afterwards."""
    answer = dict(gradients(network, images, labels, ""))
    if learns:
        before = {key: value.clone() for key, value in network.named_buffers()}
        for norm in norms:
            norm.train()
        answer |= dict(gradients(network, images, labels, "train."))
        answer |= {f"train.state.{key}": value.clone() for key, value in network.named_buffers() if "running_" in key}
        for norm in norms:
            norm.eval()
        for key, value in network.named_buffers():
            value.copy_(before[key])
    return answer


def distance(ours, theirs):
    """As exported_corpus_test.cpp takes it."""
    greatest = max(float(value.abs().max()) for key, value in theirs.items() if "gradient." in key)
    return max(float((ours[key] - value).abs().max() / value.abs().max().clamp(min=greatest / 100 if "gradient." in key else 1))
               for key, value in theirs.items())


def best_images(network, norms, side, learns):
    """Images, labels, what PyTorch says of them, and how far rounding alone moves that."""
    import torch
    rounded = copy.deepcopy(network)
    with torch.no_grad():
        for parameter in rounded.parameters():
            parameter.mul_(1 + 2e-7 * torch.randn_like(parameter))
    others = [module for module in rounded.modules() if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)]
    labels, best = torch.tensor([0, 1, 2]), None
    for _ in range(4):
        images = torch.randn(3, 3, side, side)
        answer = answers(network, norms, images, labels, learns)
        moved = distance(answers(rounded, others, images, labels, learns), answer)
        if best is None or moved < best[3]:
            best = images, labels, answer, moved
        if moved < 3e-5:
            break
    return best


def make(folder, name, script):
    import torch
    from safetensors.torch import save_file
    source, side, more = NETWORKS[name]
    torch.manual_seed(len(name) * 1000 + side)
    network = made(source, side, dict(more)).eval()
    norms = varied(network, torch.randn(8, 3, side, side))
    program = script.traced(network, torch.randn(2, 3, side, side))
    script.hold_operations(program)
    torch.export.save(program, folder / f"{name}.pt2")
    dropout = any("dropout" in str(node.target) and node.args[1] > 0 for node in program.graph.nodes if node.op == "call_function")
    images, labels, answer, moved = best_images(network, norms, side, bool(norms) and not dropout)
    if moved > 1e-4:  # PyTorch does not agree with itself: small batches and norms
        answer = {key: value for key, value in answer.items() if not key.startswith("train.")}
    answer |= {"image": images, "label": labels}
    save_file({key: value.contiguous().clone() for key, value in answer.items()}, folder / f"{name}.safetensors")
    about = {"source": source, "side": side, "loss": "mean cross-entropy of `label`", "torch": torch.__version__, "dropout": dropout,
             "parameters": sum(p.numel() for p in network.parameters()), "nodes": len(program.graph.nodes),
             "logits": float(answer["logits"].abs().max()), "rounding": moved}
    (folder / f"{name}.json").write_text(json.dumps(about) + "\n")
    return about


def main(folder, names):
    import torch
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    path = pathlib.Path(__file__).parents[2] / "scripts/export_network.py"
    spec = importlib.util.spec_from_file_location("export_network", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    folder.mkdir(parents=True, exist_ok=True)
    missed = 0
    for name in names or NETWORKS:
        if (folder / f"{name}.json").exists():
            continue
        start = time.time()
        try:
            about = make(folder, name, script)
            print(f"{name}: {about['parameters']:,} parameters, {about['nodes']} nodes, logits to {about['logits']:.3g}, rounding {about['rounding']:.0e}, {time.time() - start:.1f} s", flush=True)
        except Exception as error:  # the next network is another matter
            missed += 1
            where = traceback.extract_tb(error.__traceback__)[-1]
            print(f"{name}: FAILED {type(error).__name__}: {' '.join(str(error).split())[:300]} ({where.filename.split('/')[-1]}:{where.lineno})", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    if sys.argv[1] == "list":
        print(" ".join(NETWORKS))
    else:
        sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2:]))
