from __future__ import annotations

from federation.settings import markdown_table
from tests.conftest import ROOT


def test_settings_table_is_current() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    table = page.partition("<!-- generated: settings -->\n")[2].partition("\n<!-- end generated -->")[0]
    assert table == markdown_table(), "run: make docs"
