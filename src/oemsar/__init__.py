"""Land cover maps from sub-metre radar and aerial imagery.

Each verb of the command line is a function here, named by verb and noun, of the shape
`verb(inputs..., out, *, config, report) -> Result`. A name is imported when it is first used, so that
importing the package is quick. The names and their types stand in `__init__.pyi`.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
