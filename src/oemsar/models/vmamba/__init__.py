"""VMamba (Liu et al., arXiv 2401.10166, version 2): an encoder of selective scans in four directions."""
