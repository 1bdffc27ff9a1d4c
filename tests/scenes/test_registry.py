"""Every source of the package keeps the contract that other packages' sources are held to."""

from typing import Any

from oemsar.scenes.config import FindConfig
from oemsar.scenes.find import list_sources
from oemsar.scenes.registry import SOURCES
from oemsar.testing.scene_sources import check_source

from .server import Server
from .umbra_bucket import plant

FAST: dict[str, Any] = {"rate": 1000, "tries": 2, "first_wait": 0.01, "timeout": 5}


def test_umbra_keeps_the_contract(server: Server) -> None:
    server.routes.append(plant().bucket)
    bucket = f"{server.address}/umbra-open-data-catalog"
    endpoint = (f"umbra_bucket={bucket}", f"umbra_catalog={bucket}/stac/catalog.json")
    config = FindConfig(source="umbra", endpoint=endpoint, **FAST)
    check_source("umbra", "2.2,48.8,2.3,48.85", config)


def test_sources_state_their_terms_and_addresses() -> None:
    from oemsar.scenes.endpoints import Endpoints

    for source in list_sources():
        assert source.licence
        assert source.attribution
        assert set(source.endpoints) <= set(Endpoints.model_fields)
    assert [source.name for source in list_sources()] == list(SOURCES)
