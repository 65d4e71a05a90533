"""Which profile a collection has, of those that are shipped and those in a folder."""

from __future__ import annotations

import fnmatch
import itertools
import os
import time
from pathlib import Path

import pytest

from catalogue.profile_file import BadProfile
from catalogue.profile_set import PATTERNS_MAX, Profiles, Shelved, _meet
from catalogue.profile_shelf import ProfileShelf, profile_of, read_file, shipped


def text(name: str, *collections: str, version: str = "1", more: str = "") -> str:
    quoted = ", ".join(f"'{each}'" for each in collections)
    return f"profile: {name}\nversion: '{version}'\ntitle: t\ncollections: [{quoted}]\nmutable: [/properties]\n{more}"


def shelf(folder: Path, **files: str) -> ProfileShelf:
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(content)
    return ProfileShelf(folder)


def faults(found: ProfileShelf) -> tuple[str, ...]:
    with pytest.raises(BadProfile) as caught:
        found.load()
    return caught.value.faults


def test_shipped_profiles() -> None:
    assert sorted(profile.id for profile in shipped().all) == [
        "CMIP6",
        "CMIP7",
        "default",
        "earth-observation",
    ]
    assert shipped() is shipped()
    for collection, name in (
        ("CMIP6", "CMIP6"), ("CMIP7", "CMIP7"), ("cmip6", "default"), ("CMIP6Plus", "default"), ("", "default"),
        ("sentinel-s2-l2a-cogs", "earth-observation"), ("landsat-c2-l2", "earth-observation"), ("x\n", "default"),
    ):  # fmt: skip
        assert profile_of(collection).id == name


def test_a_folder_that_is_not_there_leaves_the_shipped_ones(tmp_path: Path) -> None:
    missing = ProfileShelf(tmp_path / "missing")
    assert missing.load().all == shipped().all
    assert missing.fingerprint() == ()


def test_an_exact_id_wins_over_a_pattern_and_that_over_any(tmp_path: Path) -> None:
    found = shelf(
        tmp_path, a=text("wide", "obs-*"), b=text("narrow", "obs-1"), c=text("all", "*"), d=text("one", "CMIP?")
    ).load()  # fmt: skip
    told = {name: found.of(name).id for name in ("obs-1", "obs-2", "obs-", "obs", "CMIP6", "CMIP5", "CMIP6x")}
    assert told == {
        "obs-1": "narrow", "obs-2": "wide", "obs-": "wide", "obs": "all", "CMIP6": "CMIP6", "CMIP5": "one",
        "CMIP6x": "all",
    }  # fmt: skip


def test_among_equals_an_own_profile_wins(tmp_path: Path) -> None:
    found = shelf(tmp_path, a=text("mine", "CMIP6", "sentinel-*")).load()
    assert (found.of("CMIP6").id, found.of("sentinel-2").id, found.of("landsat-8").id) == (
        "mine", "mine", "earth-observation",
    )  # fmt: skip
    assert found.of("CMIP7").id == "CMIP7"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("a", "b"), ("b", "c")),
        (("obs-*",), ("obs-*",)),
        (("obs-*",), ("*-daily",)),
        (("o?s",), ("?bs",)),
        (("*",), ("*",)),
    ],
)
def test_two_that_could_both_be_meant_are_an_error(
    tmp_path: Path, first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    [fault] = faults(shelf(tmp_path, one=text("one", *first), two=text("two", *second)))
    assert fault.startswith(
        f"{tmp_path / 'one.yaml'} and {tmp_path / 'two.yaml'}: the profiles one and two both claim"
    )


def test_more_patterns_than_can_be_compared_are_refused(tmp_path: Path) -> None:
    many = [f"{number:03}-*" for number in range(PATTERNS_MAX + 1)]
    assert shelf(tmp_path, one=text("one", *many[1:])).load().of("200-x").id == "one"
    [fault] = faults(shelf(tmp_path, one=text("one", *many)))
    assert f"more than {PATTERNS_MAX} patterns" in fault


def test_patterns_that_cannot_meet_are_none(tmp_path: Path) -> None:
    found = shelf(tmp_path, one=text("one", "obs-*", "x"), two=text("two", "obs_*", "?-y", "*")).load()
    assert [found.of(name).id for name in ("obs-1", "obs_1", "x", "a-y", "q")] == [
        "one",
        "two",
        "one",
        "two",
        "two",
    ]


def test_patterns_meet_where_some_text_fits_both() -> None:
    """Against all texts of up to five letters."""
    texts = ["".join(letters) for size in range(6) for letters in itertools.product("ab", repeat=size)]
    patterns = ["".join(each) for size in range(4) for each in itertools.product("ab*?", repeat=size)]
    for one, other in itertools.combinations_with_replacement(patterns, 2):
        both = set(fnmatch.filter(texts, one)) & set(fnmatch.filter(texts, other))
        assert _meet(one, other) == bool(both), (one, other)


def test_a_pattern_fits_what_a_shell_says_it_fits(tmp_path: Path) -> None:
    texts = ["".join(letters) for size in range(5) for letters in itertools.product("a.b", repeat=size)]
    for pattern in ("a*", "*a", "a*b*", "a?", "?", "**a", "a*.?b", "a*a*a"):
        found = shelf(tmp_path, one=text("one", pattern)).load()
        assert [each for each in texts if found.of(each).id == "one"] == fnmatch.filter(texts, pattern)


def test_a_crafted_name_takes_no_long_time(tmp_path: Path) -> None:
    found = shelf(tmp_path, one=text("one", "*a" * 60 + "b")).load()
    start = time.process_time()
    assert found.of("a" * 200).id == "default"
    assert time.process_time() - start < 1


# Versions and stamps


def test_the_greatest_version_is_current_and_all_are_known_by_their_stamp(tmp_path: Path) -> None:
    names = ("1", "1.10", "1.9", "0.50")
    files = {f"v{number}": text("p", "c", version=version) for number, version in enumerate(names)}
    found = shelf(tmp_path, **files).load()
    assert found.of("c").version == "1.10"
    for profile in found.all:
        assert found.by_stamp(profile.stamp) is profile
    assert {profile.version for profile in found.all if profile.id == "p"} == set(names)
    stamp = found.of("c").stamp
    for wrong in (
        {},
        {**stamp, "sha256": "0" * 64},
        {**stamp, "version": "1"},
        {**stamp, "id": "q"},
        {"id": ["x"]},
    ):
        assert found.by_stamp(wrong) is None


def test_an_own_file_of_a_shipped_version_is_current_and_both_are_known(tmp_path: Path) -> None:
    found = shelf(tmp_path, mine=text("CMIP6", "CMIP6")).load()
    assert found.of("CMIP6").mutable == ("/properties",)
    assert found.by_stamp(profile_of("CMIP6").stamp) == profile_of("CMIP6")


def test_one_version_with_two_contents_is_an_error(tmp_path: Path) -> None:
    [fault] = faults(shelf(tmp_path, one=text("p", "c"), two=text("p", "d")))
    assert fault.endswith("both hold the profile p in version 1; give one of them a greater version.")
    assert str(tmp_path / "one.yaml") in fault
    assert str(tmp_path / "two.yaml") in fault


def test_a_copy_of_a_file_does_no_harm(tmp_path: Path) -> None:
    assert shelf(tmp_path, one=text("p", "c"), two=text("p", "c")).load().of("c").id == "p"


def test_a_set_without_one_for_all_collections_is_refused() -> None:
    some = Shelved(profile_of("CMIP6"), "x.yaml", own=True)
    with pytest.raises(BadProfile, match="no profile is for"):
        Profiles([some])


# Files


def test_every_fault_of_every_file_is_told(tmp_path: Path) -> None:
    found = faults(shelf(tmp_path, a=text("p", "c", more="x: 1\ny: 2\n"), b="- 1\n", c=text("q", "d")))
    assert [fault.rpartition(": `")[0].removeprefix(f"{tmp_path}{os.sep}") for fault in found[:2]] == [
        "a.yaml:6: x", "a.yaml:7: y",
    ]  # fmt: skip
    assert found[2:] == (f"{tmp_path / 'b.yaml'}:1: The profile must be a mapping.",)


def test_other_files_are_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no: profile")
    (tmp_path / "old.yaml.bak").write_text("no: profile")
    assert ProfileShelf(tmp_path).load().all == shipped().all


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"a: 1\nb: \xff\n", ":2: this is not UTF-8."), (b"x" * 10_000_000, ":1: the text is longer than")],
)
def test_a_file_that_is_no_text(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(content)
    with pytest.raises(BadProfile) as caught:
        read_file(path)
    assert str(caught.value).startswith(f"{path}{said}")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").mkdir()
    [fault] = faults(ProfileShelf(tmp_path))
    assert fault.startswith(f"{tmp_path / 'p.yaml'}: cannot be read: ")
    with pytest.raises(BadProfile, match="cannot be read: No such file"):
        read_file(tmp_path / "q.yaml")


def test_the_fingerprint_tells_of_every_change(tmp_path: Path) -> None:
    found = shelf(tmp_path, a=text("p", "c"))
    seen = [found.fingerprint(), found.fingerprint()]
    assert seen[0] == seen.pop()
    (tmp_path / "a.yaml").write_text(text("p", "d", version="22"))
    seen.append(found.fingerprint())
    (tmp_path / "b.yaml").write_text(text("q", "e"))
    seen.append(found.fingerprint())
    os.utime(tmp_path / "b.yaml", ns=(1, 1))
    seen.append(found.fingerprint())
    (tmp_path / "b.yaml").rename(tmp_path / "c.yaml")
    seen.append(found.fingerprint())
    (tmp_path / "c.yaml").unlink()
    (tmp_path / "a.yaml").unlink()
    seen.append(found.fingerprint())
    assert len(set(seen)) == len(seen) == 6
    assert seen[-1] == ()


def test_a_link_to_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to(tmp_path / "nowhere")
    assert ProfileShelf(tmp_path).fingerprint() == ()
    assert "cannot be read" in faults(ProfileShelf(tmp_path))[0]
