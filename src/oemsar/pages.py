"""HTML pages made from the templates that lie beside the modules of a package."""

from importlib.resources import files
from typing import Any

from jinja2 import Environment


def render(package: str, template: str, **values: Any) -> str:  # noqa: ANN401 (as many types as values)
    """Fill in a template of a package; text is escaped for HTML.

    Args:
        package: Dotted name of the package that holds the template, such as `oemsar.benchmark`.
        template: File name of the template.
        values: Values by the names the template gives them.

    Returns:
        The page.
    """
    text = files(package).joinpath(template).read_text(encoding="utf-8")
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(text)
    rendered: str = page.render(**values)
    return rendered
