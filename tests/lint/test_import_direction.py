"""A package imports only what stands before it in the design's list of boxes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tiffin_testing.boxes import ORDER, all_imports, imports_of

ROOT = Path(__file__).resolve().parents[2]


def test_every_import_points_down_the_list() -> None:
    imports = list(all_imports(ROOT))
    assert imports, "no import was found at all"
    wrong = [str(each) for each in imports if not each.allowed]
    assert not wrong, "\n".join(wrong)


def test_every_package_is_a_box() -> None:
    folders = {path.parent.name for path in ROOT.glob("packages/*/pyproject.toml")}
    assert folders <= set(ORDER)


@pytest.mark.parametrize(
    ("box", "source", "allowed"),
    [
        ("runtime", "import tiffin.spec.digest", True),
        ("runtime", "from tiffin.runtime import plan", True),
        ("spec", "def late():\n    from tiffin.runtime import plan", False),
        ("image", "from tiffin import cli", False),
        ("runtime", "import tiffin.nonsense", False),
        ("spec", "from ..runtime import plan", False),
        ("runtime", "from .. import spec", True),
        ("runtime", "from ..spec.runtime import tree", True),
        ("spec", "if TYPE_CHECKING:\n    import tiffin.image", False),
    ],
)
def test_the_check_itself(tmp_path: Path, box: str, source: str, *, allowed: bool) -> None:
    folder = tmp_path / "src" / "tiffin" / box
    folder.mkdir(parents=True)
    file = folder / "module.py"
    file.write_text(source)
    assert [each.allowed for each in imports_of(file, box)] == [allowed]
