"""Sphinx configuration."""

import importlib.metadata
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "jwstlike"
author = "the jwstlike developers"
copyright = "2026, the jwstlike developers"
release = importlib.metadata.version("jwstlike")
html_title = f"jwstlike {release}"

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "mathml"]
html_math_renderer = "mathml"
html_theme = "furo"
exclude_patterns = ["_build"]
autodoc_typehints = "none"
napoleon_google_docstring = False
napoleon_use_ivar = True  # attributes are no targets of links
nitpicky = False
