from .errors import Failure as Failure
from .errors import InputError as InputError
from .errors import OemsarError as OemsarError
from .prepare.pair.config import PairRegion as PairRegion
from .prepare.pair.run import make_pair as make_pair
from .prepare.radiometry.config import OpticalConfig as OpticalConfig
from .prepare.radiometry.config import RadiometryConfig as RadiometryConfig
from .prepare.radiometry.optical import convert_orthophoto as convert_orthophoto
from .prepare.radiometry.run import apply_radiometry as apply_radiometry
from .simulate.release.config import WorldConfig as WorldConfig
from .simulate.release.run import simulate_world as simulate_world
from .simulate.scene.config import SceneConfig as SceneConfig
from .simulate.scene.run import simulate_scene as simulate_scene

__version__: str
