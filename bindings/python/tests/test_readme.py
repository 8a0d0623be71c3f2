"""The program of the README, against a receiver; those of examples/python are in test_examples.py."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent


def test_X8_readme(receiver):
    text = (ROOT / "README.md").read_text("utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(program.replace("http::addr=localhost:9000;", receiver.http), {})
    assert len(receiver.rows("trades")) == 1
