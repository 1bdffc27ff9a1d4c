"""Options of the work on a benchmark."""

from pydantic import Field

from oemsar.config_file import MOST_PROCESSES, Config


class BenchmarkConfig(Config):
    """Options that decide how fast a benchmark is worked through, and no result."""

    jobs: int | None = Field(None, ge=1, le=MOST_PROCESSES)
    """Cells at a time; one for each GPU by default, else one."""
