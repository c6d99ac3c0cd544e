"""The app (应用): the notebooks as pages without code, served by Voilà.

``pages`` finds the notebooks, ``visitors`` tells people apart, ``server`` serves. Nothing here
computes or draws: a page is a notebook, and what it shows comes from ``simkaohe.widgets``.
"""
