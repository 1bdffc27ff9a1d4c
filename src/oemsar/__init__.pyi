from .errors import Failure as Failure
from .errors import InputError as InputError
from .errors import OemsarError as OemsarError
from .simulate.release.config import WorldConfig as WorldConfig
from .simulate.release.run import simulate_world as simulate_world
from .simulate.scene.config import SceneConfig as SceneConfig
from .simulate.scene.run import simulate_scene as simulate_scene

__version__: str
