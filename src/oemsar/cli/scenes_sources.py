"""`oemsar scenes sources`: list the sources of scenes."""

from oemsar.cli.document import write_document
from oemsar.cli.options import AsJson, with_options
from oemsar.cli.terminal import echo
from oemsar.scenes.config import EndpointConfig


@with_options
def sources(*, config: EndpointConfig, as_json: AsJson = False) -> None:
    """List the sources of scenes, their terms and addresses."""
    from oemsar.scenes.find import list_sources

    found = list_sources(config=config)
    if as_json:
        write_document({"sources": [source.model_dump(mode="json") for source in found]})
        return
    for source in found:
        echo(
            f"{source.name}: {source.summary}",
            f"    terms: {source.attribution}; {source.licence}",
            f"    fetched by itself: {', '.join(source.assets)}",
            *(f"    --endpoint {name}={address}" for name, address in source.endpoints.items()),
        )
