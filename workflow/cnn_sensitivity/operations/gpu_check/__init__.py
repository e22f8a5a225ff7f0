"""`make gpu-check`: is a GPU right, how fast is it, and what would the paper's runs take on it?

Needs PyTorch, torchvision, pandas, pydantic, PyYAML and safetensors, no Snakemake and no network.
"""
