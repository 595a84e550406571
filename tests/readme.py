"""The blocks of code in README.md."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


@dataclass(frozen=True)
class Block:
    """What stands between fences.

    Attributes:
        heading: of its section.
        language: json, sh, python or text.
        line: its place in the file.
        file: the last file that the text names before it, `config.json` where there is none.
    """

    heading: str
    language: str
    text: str
    line: int
    file: str


def blocks(path: Path = README) -> list[Block]:
    """All blocks, in order."""
    found, heading, file, fence = [], "", "config.json", None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```"):
            if fence is None:
                fence = (line[3:], number, [])
            else:
                found.append(Block(heading, fence[0], "\n".join(fence[2]), fence[1], file))
                fence, file = None, "config.json"
        elif fence is not None:
            fence[2].append(line)
        elif line.startswith("#"):
            heading = line.strip("# ")
        else:
            file = (re.findall(r"`(\w+\.json)`", line) or [file])[-1]
    return found


def commands(block: Block) -> list[str]:
    """The command lines of a block for the shell, continued ones joined, without their comments."""
    lines = block.text.replace("\\\n", " ").splitlines()
    return [line.split("  #")[0].strip() for line in lines if line.strip() and not line.startswith("#")]
