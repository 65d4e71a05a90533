"""The Discovery API: reading the catalogue of a node, as a STAC API."""

import logging

# On import this module warns that its own titles were not set; they are shown nowhere here.
logging.getLogger("stac_fastapi.types.config").setLevel(logging.ERROR)
