"""What every page of ours has to be: whole without anything beside it, and readable for who does not see it."""

from __future__ import annotations

import re
from typing import Any

from lxml import html


def assert_it_stands_alone(text: str) -> None:
    """Nothing is fetched, run or linked to elsewhere."""
    tree = html.fromstring(text)
    assert not tree.xpath("//script | //link | //img | //iframe | //object | //embed | //*[@src]")
    assert all(href.startswith("#") for href in tree.xpath("//@href"))
    assert not re.findall(r"https?:|//[a-z]|url\(|@import", text)
    assert "default-src 'none'" in text


def assert_everything_is_named(text: str) -> Any:
    """Headings, tables, sections and figures say what they are, and links lead somewhere; returns the page."""
    tree = html.fromstring(text)
    assert tree.get("lang") == "en"
    assert len(tree.xpath("//h1")) == 1
    assert all(table.xpath("caption") and table.xpath("thead//th[@scope='col']") for table in tree.xpath("//table"))
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert all(name in ids for labels in tree.xpath("//@aria-labelledby") for name in labels.split())
    assert {href[1:] for href in tree.xpath("//nav//@href")} == {one.get("id") for one in tree.xpath("//section")}
    assert all(figure.xpath("figcaption") for figure in tree.xpath("//figure"))
    return tree
