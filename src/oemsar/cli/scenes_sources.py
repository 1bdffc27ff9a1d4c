"""`oemsar scenes sources`: list the sources of scenes."""

from oemsar.cli.document import write_document
from oemsar.cli.options import AsJson, with_options
from oemsar.cli.terminal import cell
from oemsar.scenes.config import EndpointConfig


@with_options
def sources(*, config: EndpointConfig, as_json: AsJson = False) -> None:
    """List the sources of scenes, their terms and addresses."""
    from oemsar.scenes.find import list_sources

    found = list_sources(config=config)
    if as_json:
        write_document({"sources": [source.model_dump(mode="json") for source in found]})
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("Source")
    for heading in ("Imagery", "Terms", "Files", "Addresses (--endpoint)"):
        table.add_column(heading, overflow="fold")
    for source in found:
        table.add_row(
            cell(source.name),
            cell(source.summary),
            cell(f"{source.attribution}; {source.licence}"),
            cell(", ".join(source.assets)),
            cell("; ".join(f"{name}={address}" for name, address in source.endpoints.items())),
        )
    Console().print(table)
