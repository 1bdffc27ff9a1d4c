"""XML of others, read within its text; declarations of entities are refused."""

from xml.etree import ElementTree


def parse_xml(text: str | bytes) -> ElementTree.Element:
    """Parse XML in UTF-8 that declares no document type, through which a few bytes can become many.

    Raises:
        ValueError: It is no XML, or declares a document type.
    """
    plain = text if isinstance(text, str) else text.decode("utf-8-sig")
    if "<!DOCTYPE" in plain or "<!ENTITY" in plain:
        raise ValueError("it declares a document type")
    try:
        return ElementTree.fromstring(plain)  # noqa: S314 (document types are refused above)
    except (ElementTree.ParseError, ValueError, RecursionError, LookupError) as error:
        raise ValueError(f"it is no XML ({error})") from error
