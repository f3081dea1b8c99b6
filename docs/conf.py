"""Sphinx configuration."""

import importlib.metadata

project = "jwstlike"
author = "the jwstlike developers"
copyright = "2026, the jwstlike developers"
release = importlib.metadata.version("jwstlike")
html_title = f"jwstlike {release}"

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
html_theme = "furo"
exclude_patterns = ["_build"]
autodoc_typehints = "none"
napoleon_google_docstring = False
nitpicky = False
