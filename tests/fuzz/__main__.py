"""``python -m tests.fuzz``: hostile pictures and words for a while, and what came of them.

Inputs come from a grammar, or from damage to files that are drawn here; ``--corpus`` names a folder
of more.  Nothing is left to guidance by coverage: the decoders are C that is built without it, and
are tried in processes that may die.  What still reads after damage is damaged further instead.
"""

import asyncio
import random
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from tests.fuzz.model import ROOT, Settings
from tests.fuzz.running import Tally, fuzz, replay, targets

_FOLDER = ROOT / ".fuzz"


@click.command(name="python -m tests.fuzz")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="How long all targets take together.",
)
@click.option("--seed", type=int, help="The same inputs as in the run that printed it.")
@click.option(
    "--only",
    "names",
    multiple=True,
    type=click.Choice(list(targets())),
    help="This target alone; may be given several times.",
)
@click.option(
    "--corpus",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of pictures to begin with, besides those that are drawn.",
)
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    default=_FOLDER,
    help="Where inputs are saved that found something.  [default: .fuzz]",
)
@click.option(
    "--replay",
    "saved",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Try one saved input again; its name, or --only, says of which target.",
)
def main(
    seconds: float,
    seed: int | None,
    names: Sequence[str],
    corpus: Path | None,
    save: Path,
    saved: Path | None,
) -> None:
    """Try hostile pictures and words.

    Exit status 1: a promise was broken. A reader process that died is reported, and is no failure,
    because nothing but its picture came to harm.
    """
    if saved is not None:
        sys.exit(_replayed(saved, names))
    seed = random.randrange(2**32) if seed is None else seed
    click.echo(f"seed {seed}  (SEED={seed} gives the same inputs again)")
    settings = Settings(folder=corpus)
    sys.exit(asyncio.run(_fuzz_all(names or list(targets()), settings, save, seed, seconds)))


async def _fuzz_all(
    names: Sequence[str], settings: Settings, save: Path, seed: int, seconds: float
) -> int:
    chosen = [targets()[name](settings) for name in dict.fromkeys(names)]
    share = seconds / sum(target.share for target in chosen)
    failed = False
    for target in chosen:
        tally = await fuzz(target, save, seed, seconds=share * target.share)
        _print(target.name, tally)
        failed = failed or tally.failed
    click.echo("A promise was broken; see above." if failed else "Every promise held.")
    return int(failed)


def _print(name: str, tally: Tally) -> None:
    outcomes = ", ".join(f"{count} {status}" for status, count in tally.statuses.most_common())
    click.echo(
        f"{name}: {tally.tried} inputs in {tally.seconds:.1f} s, "
        f"slowest {tally.slowest * 1000:,.0f} ms, {tally.found['crash']} crashes, "
        f"{tally.found['failure']} failures\n    {outcomes}"
    )
    for kept in tally.kept:
        command = [_from_here(Path(sys.executable)), "-m", "tests.fuzz", "--replay"]
        click.echo(f"    {kept.finding.kind}: {kept.finding.where}")
        click.echo(f"        {shlex.join([*command, _from_here(kept.path)])}")


def _from_here(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def _replayed(saved: Path, names: Sequence[str]) -> int:
    name = names[0] if names else saved.name.partition("-")[0]
    if name not in targets():
        raise click.UsageError(f"{saved.name} does not say its target; say it with --only.")
    outcome = asyncio.run(replay(targets()[name](Settings()), saved.read_bytes()))
    click.echo(f"{name}: {outcome.status}, {outcome.seconds * 1000:,.0f} ms")
    if outcome.finding is None:
        return 0
    click.echo(f"{outcome.finding.kind}: {outcome.finding.where}\n{outcome.finding.explanation}")
    return int(outcome.finding.kind == "failure")


if __name__ == "__main__":
    main()
