"""Print the command that README.md marks with a comment, so that CI runs what a reader would.

    readme_command.py first-command|test-command
"""

import re
import sys
from pathlib import Path


def main() -> None:
    name = sys.argv[1]
    text = Path("README.md").read_text(encoding="utf-8")
    match = re.search(rf"<!-- {re.escape(name)} -->\n```sh\n(.+?)\n```", text, re.DOTALL)
    if match is None:
        sys.exit(f"README.md has no block marked <!-- {name} -->")
    print(match.group(1))


if __name__ == "__main__":
    main()
