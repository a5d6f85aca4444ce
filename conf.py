"""Sphinx configuration: everything comes from _config.yml, the book's single configuration."""

from pathlib import Path

from jupyter_book.config import get_final_config

_here = Path(__file__).resolve().parent
_cli = {"external_toc_path": "_toc.yml", "latex_individualpages": False}
globals().update(
    get_final_config(user_yaml=_here / "_config.yml", sourcedir=_here, cli_config=_cli)[0]
)
