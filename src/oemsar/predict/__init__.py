"""Maps of whole scenes: windows, blending, layers."""
