"""The offline site: one page module and one template a page, shared assets, data as scripts. Computes no figure.

`building.py` makes it. Nothing is imported here: what looks at an output folder, or begins what a build waits for last, needs no pandas.
"""
