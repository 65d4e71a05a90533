"""The operator's commands of `stacfed`: they speak to the log and the store themselves, as the settings say."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Annotated, TypeVar, cast

import typer

from federation.failed import BAD_INPUT, NOT_DONE, Failed

if TYPE_CHECKING:
    from federation.advice import Advice
    from federation.settings import Settings

T = TypeVar("T")
topics = typer.Typer(help="The topics of the log.", no_args_is_help=True)
index = typer.Typer(help="The indices of the store.", no_args_is_help=True)


def loaded() -> Settings:
    """The settings of the environment. Failed with a line for each that is wrong."""
    from federation.settings import SettingsError, load_settings

    try:
        return load_settings()
    except SettingsError as error:
        raise Failed(str(error), BAD_INPUT) from error


def _told(found: Sequence[Advice], as_json: bool = False) -> None:
    """Print, and exit 1 where something is wrong."""
    from federation.advice import ERROR, WARNING

    if as_json:
        import json

        print(json.dumps([advice._asdict() for advice in found], indent=2))
    else:
        for advice in found:
            print(
                f"{advice.level:<7}  {advice.about}: {advice.detail}"
                + (f"\n{'':9}{advice.do}" if advice.do else "")
            )
        counts = [sum(advice.level == level for advice in found) for level in (ERROR, WARNING)]
        print(f"errors: {counts[0]}, warnings: {counts[1]}")
    if any(advice.level == ERROR for advice in found):
        raise typer.Exit(NOT_DONE)


@topics.command("create")
def create_topics() -> None:
    """Make the topics that are missing."""

    async def work(settings: Settings) -> list[str]:
        from federation.engines import open_log
        from stream.topics import Topics
        from stream.topics import create_topics as create

        log, names = open_log(settings), Topics(settings.topic_prefix, settings.generation)
        try:
            await create(log, names, settings.partitions)
        finally:
            await log.close()
        return list(names.partitions(settings.partitions))

    for name in _tried(work, patient=True):
        print(name)


@topics.command("check")
def check_topics() -> None:
    """Compare the topics with what they should be; exit code 1 where they differ."""

    async def work(settings: Settings) -> list[Advice]:
        from federation.doctor import topics_advice
        from federation.engines import open_log
        from stream.topics import Topics

        log = open_log(settings)
        try:
            names = Topics(settings.topic_prefix, settings.generation)
            return [advice async for advice in topics_advice(settings, log, names)]
        finally:
            await log.close()

    _told(_tried(work))


@index.command("create")
def create_index() -> None:
    """Make the index template and the indices that every node needs."""

    async def work(settings: Settings) -> bool:
        from federation.engines import open_store
        from federation.urls import ElasticUrl

        store = open_store(settings)
        try:
            if not isinstance(settings.store, ElasticUrl):
                return False
            from catalogue.elastic import ElasticStore

            await cast(ElasticStore, store).create()
            return True
        finally:
            await store.close()

    made = _tried(work, patient=True)
    print("the template and the indices are there" if made else "the store is a file: nothing to make")


@index.command("check")
def check_index() -> None:
    """Compare template and indices with what they should be; exit code 1 where they differ."""

    async def work(settings: Settings) -> list[Advice]:
        from federation.doctor import index_advice
        from federation.engines import open_store

        store = open_store(settings)
        try:
            return [advice async for advice in index_advice(settings, store)]
        finally:
            await store.close()

    _told(_tried(work))


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Look at settings, log and store, and say what to do; exit code 1 where something is wrong."""

    async def work(settings: Settings) -> list[Advice]:
        from federation.doctor import diagnose

        return await diagnose(settings)

    _told(_tried(work), as_json)


def _tried(work: Callable[[Settings], Coroutine[None, None, T]], *, patient: bool = False) -> T:
    """The result; `patient` waits for an engine that is being started. Failed when one cannot be used."""
    from federation.run import in_loop, waited
    from stream.errors import Unavailable

    settings = loaded()
    try:
        return in_loop(waited(settings, lambda: work(settings)) if patient else work(settings))
    except (Unavailable, ValueError, OSError) as error:
        raise Failed(str(error), BAD_INPUT) from error
