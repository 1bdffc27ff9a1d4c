"""The elevation models of an area are the files that are given, no others."""

from pathlib import Path

from oemsar.geometry.terrain import Terrain

DEM, GEOID, DSM = Path("dem.tif"), Path("geoid.gtx"), Path("dsm.tif")


def test_files_are_those_that_are_given() -> None:
    assert Terrain(DEM).files() == [DEM]
    assert Terrain(DEM, GEOID, DSM).files() == [DEM, GEOID, DSM]
    assert Terrain(DEM, dsm=DSM).files() == [DEM, DSM]
    assert Terrain(DEM, geoid=GEOID).files() == [DEM, GEOID]
