# Draws Vega-Lite specifications: reads {"format", "config", "figures": [{"path", "spec"}]} from standard input. Each file appears whole.
import json
import os
import sys

import vl_convert

order = json.load(sys.stdin)
kind = order["format"]
for figure in order["figures"]:
    spec, config = figure["spec"], order["config"]
    # A page gives the width there.
    if spec.get("width") == "container":
        spec["width"] = 560
    if kind == "svg":
        drawn = vl_convert.vegalite_to_svg(spec, config=config).encode()
    elif kind == "png":
        drawn = vl_convert.vegalite_to_png(spec, config=config, scale=3)
    else:
        drawn = vl_convert.vegalite_to_pdf(spec, config=config)
    part = f"{figure['path']}.part{os.getpid()}"
    try:
        with open(part, "wb") as file:
            file.write(drawn)
        os.replace(part, figure["path"])
    except OSError:
        if os.path.exists(part):
            os.remove(part)
        raise
