"""The baseline that vendors are compared with: list prices from the offline data of the package genai-prices."""

from collections.abc import Mapping
from datetime import date
from types import ModuleType

from pricing.catalog import Catalog
from pricing.errors import PricingError


def baseline_cards(observed_on: date) -> Mapping[str, str]:
    """Return a rate card for each provider of the installed genai-prices: file name -> TOML text.

    `observed_on` is the day on which that release was read. The same release and day give the same text.
    Raise PricingError if the package is not installed: it is an extra, for the cards it gives are shipped.
    """
    texts: Mapping[str, str] = _data().cards(observed_on)
    return texts


def baseline_updates(observed_on: date, known: Catalog) -> Mapping[str, str]:
    """Return what the installed genai-prices tells beyond a catalog, as cards to lay over it: file name -> TOML text.

    Published blocks stay as they are. A new price that the data does not date holds from `observed_on`, so that what
    was rated before stays as it was. Raise PricingError if the package is not installed.
    """
    texts: Mapping[str, str] = _data().updates(observed_on, known)
    return texts


def _data() -> ModuleType:
    try:
        from pricing import genai_data  # noqa: PLC0415 - needs an extra that users of the shipped cards need not have
    except ModuleNotFoundError as error:
        remedy = "pip install genai-prices"
        raise PricingError(f"the baseline is made from the package genai-prices, which is missing: {remedy}") from error
    return genai_data
